/**
 * @module Random numbers by counting: a key and an index give a number, the same in whatever order, on however many
 * threads and in whatever pieces the numbers are drawn. Philox4x32-10 of Salmon et al. 2011 (doi:10.1145/2063384.2063405):
 * ten rounds of multiplications turn a counter and a key into four words of 32 bits.
 */
import { LemniscateError } from "./errors.js";

/** A sequence of random numbers, as plain data: Philox's key, and the half of its counter that is not the index. */
export interface RandomKey {
  readonly key: readonly [number, number];
  readonly stream: readonly [number, number];
}

/** Four words of 32 bits. */
export type Words = [number, number, number, number];

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;

/** Added to the key from round to round: the golden ratio and √3, their fractions in units of 2^−32. */
const steps = [0x9e3779b9, 0xbb67ae85] as const;

/** Philox4x32-10: turns a counter into four random words, in place, under a key of two words. */
export function philox(words: Words, key: readonly [number, number]): void {
  // Words are signed on the way, which whole-number arithmetic of engines is made for.
  let a = words[0] | 0;
  let b = words[1] | 0;
  let c = words[2] | 0;
  let d = words[3] | 0;
  let key0 = key[0] | 0;
  let key1 = key[1] | 0;
  for (let round = 0; round < 10; round++) {
    const x = high(multipliers[1], c) ^ b ^ key0;
    const y = high(multipliers[0], a) ^ d ^ key1;
    b = Math.imul(multipliers[1], c);
    d = Math.imul(multipliers[0], a);
    a = x;
    c = y;
    key0 = (key0 + steps[0]) | 0;
    key1 = (key1 + steps[1]) | 0;
  }
  words[0] = a >>> 0;
  words[1] = b >>> 0;
  words[2] = c >>> 0;
  words[3] = d >>> 0;
}

/** The upper 32 bits of a product of two words, from products of their halves. */
function high(x: number, y: number): number {
  const x0 = x & 0xffff;
  const x1 = x >>> 16;
  const y0 = y & 0xffff;
  const y1 = y >>> 16;
  const outer = Math.imul(x1, y0);
  // Below 2^32: the middle of the product, of which only the carry is wanted.
  const middle = (Math.imul(x0, y0) >>> 16) + (outer & 0xffff) + (Math.imul(x0, y1) >>> 0);
  return (Math.imul(x1, y1) + (outer >>> 16) + (middle >>> 16)) | 0;
}

/**
 * The sequence of a seed.
 *
 * @param seed - an integer from 0 to 2^53 − 1
 * @throws LemniscateError `OptionOutOfRange` for anything else
 */
export function randomKey(seed: number): RandomKey {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "seed",
      given: String(seed),
      allowed: "an integer from 0 to 2^53 − 1",
      mend: "Take any of these: the same seed gives the same random numbers again.",
    });
  return { key: halves(seed), stream: [0, 0] };
}

/** A sequence that is independent of its parent and of its parent's other children: by number, or by name. */
export function child({ key, stream }: RandomKey, name: number | string): RandomKey {
  const [x, y] = typeof name === "number" ? halves(name) : hash(name);
  // Under another key than the numbers of the parent themselves, whose counters have the same form.
  const words: Words = [x, y, ...stream];
  philox(words, [key[0] ^ 0xffffffff, key[1] ^ (typeof name === "number" ? 0 : 0xffffffff)]);
  return { key: [words[0], words[1]], stream: [words[2], words[3]] };
}

/** Fills an array with independent numbers, uniform in (0, 1): those of the sequence from index `from` on. */
export function uniforms<T extends Float64Array | Float32Array>(sequence: RandomKey, out: T, from = 0): T {
  return pairs(sequence, out, from, () => {});
}

/** Fills an array with independent standard normal numbers: those of the sequence from index `from` on. */
export function normals<T extends Float64Array | Float32Array>(sequence: RandomKey, out: T, from = 0): T {
  // Box and Muller 1958: radius and angle of a point of the plane.
  return pairs(sequence, out, from, (pair) => {
    const radius = Math.sqrt(-2 * Math.log(pair[0]!));
    const angle = 2 * Math.PI * pair[1]!;
    pair[0] = radius * Math.cos(angle);
    pair[1] = radius * Math.sin(angle);
  });
}

/**
 * Fills an array with independent standard normal numbers, with all their bits, from the cheaper generator whose state is
 * counter `index` of the sequence: none can be had without those before it. Signs and exchanges as of coarse ones.
 */
export function streamNormals(sequence: RandomKey, out: Float64Array, index: number): Float64Array {
  const state: Words = [0, 0, 0, 0];
  draw(state, sequence, index);
  for (let at = 0; at < out.length; at += 2) {
    const word = xoshiro(state);
    const radius = Math.sqrt(-2 * Math.log(unit(word, xoshiro(state))));
    const angle = (Math.PI / 2) * (unit(xoshiro(state), xoshiro(state)) - 0.5);
    const exchanged = (word & 2) >>> 1;
    // What lies beyond the end is not written.
    out[at + exchanged] = radius * Math.cos(angle) * ((word & 1) === 0 ? 1 : -1);
    out[at + 1 - exchanged] = radius * Math.sin(angle);
  }
  return out;
}

/**
 * Fills an array with independent normal numbers made of 32 random bits each, for random networks and random steps, which add
 * up so many that nobody sees the bits they lack: the largest is 6.66, which one in 3·10¹⁰ would exceed. They come from a
 * cheaper generator, whose state is counter `index` of the sequence, so that none can be had without those before it.
 *
 * Angles are drawn within an eighth of a turn to either side, and put into one of four quarters by two more bits.
 */
export function coarseNormals<T extends Float64Array | Float32Array>(sequence: RandomKey, out: T, index: number): T {
  const state: Words = [0, 0, 0, 0];
  draw(state, sequence, index);
  for (let at = 0; at < out.length; at += 2) {
    const radius = Math.sqrt(-2 * Math.log(((xoshiro(state) >>> 1) + 0.5) / 2 ** 31));
    const turn = xoshiro(state) | 0;
    const angle = ((Math.PI / 2) * turn) / 2 ** 32;
    const [x, y] = [radius * Math.cos(angle) * ((turn & 1) === 0 ? 1 : -1), radius * Math.sin(angle)];
    const exchanged = (turn & 2) >>> 1;
    out[at + exchanged] = x;
    out[at + 1 - exchanged] = y;
  }
  return out;
}

/** The next word of xoshiro128++, whose state moves on. Blackman and Vigna 2021 (doi:10.1145/3460772). */
export function xoshiro(state: Words): number {
  const word = (rotated((state[0] + state[3]) | 0, 7) + state[0]) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotated(state[3], 11);
  return word;
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/**
 * A gamma variate with density x^(shape − 1) e^−x / Γ(shape): of the counters from `index` on it takes one an attempt,
 * and of the last of `attempts` whatever comes; two fewer than `attempts` suffice with more than 1 − 1e-39.
 *
 * @param shape - above 0; a χ² variate with ν degrees of freedom is twice one of shape ν/2
 * @source Marsaglia and Tsang 2000 (doi:10.1145/358407.358414); below 1, their §6: one of shape + 1 times u^(1/shape)
 */
export function gamma(sequence: RandomKey, shape: number, index: number, attempts: number): number {
  const boosted = shape < 1 ? 1 : 0;
  const d = shape + boosted - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const words: Words = [0, 0, 0, 0];
  for (let attempt = boosted; ; attempt++) {
    draw(words, sequence, index + attempt);
    // The radius has all its bits, because the tail is in it; the angle and the judgement do with 32.
    const radius = Math.sqrt(-2 * Math.log(unit(words[0], words[1])));
    const x = radius * Math.cos((2 * Math.PI * words[2]) / 2 ** 32);
    const v = (1 + c * x) ** 3;
    const judgement = Math.log((words[3] + 0.5) / 2 ** 32);
    const accepted = v > 0 && judgement < (x * x) / 2 + d * (1 - v + Math.log(v));
    if (!accepted && attempt < attempts - 1) continue;
    const value = d * Math.max(v, 0);
    if (boosted === 0) return value;
    draw(words, sequence, index);
    return value * unit(words[0], words[1]) ** (1 / shape);
  }
}

/** A random order of the numbers 0 … n − 1. */
export function permutation(sequence: RandomKey, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const u = uniforms(sequence, new Float64Array(n));
  // Fisher and Yates, from the end.
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(u[i]! * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Numbers 2i and 2i + 1 of a sequence are made of the four words of counter i. Nothing is allocated on the way. */
function pairs<T extends Float64Array | Float32Array>(
  sequence: RandomKey,
  out: T,
  from: number,
  turn: (pair: Float64Array) => void,
): T {
  const end = from + out.length;
  const words: Words = [0, 0, 0, 0];
  const pair = new Float64Array(2);
  for (let i = Math.floor(from / 2); 2 * i < end; i++) {
    draw(words, sequence, i);
    pair[0] = unit(words[0], words[1]);
    pair[1] = unit(words[2], words[3]);
    turn(pair);
    for (let at = Math.max(2 * i, from); at < Math.min(2 * i + 2, end); at++) out[at - from] = pair[at - 2 * i]!;
  }
  return out;
}

/** The words of a sequence's counter, in place. */
function draw(words: Words, { key, stream }: RandomKey, index: number): void {
  words[0] = index >>> 0;
  words[1] = Math.floor(index / 2 ** 32) >>> 0;
  words[2] = stream[0];
  words[3] = stream[1];
  philox(words, key);
}

/** 52 bits in the middle of their interval: neither 0 nor 1. */
function unit(upper: number, lower: number): number {
  return ((upper >>> 6) * 2 ** 26 + (lower >>> 6) + 0.5) / 2 ** 52;
}

function halves(x: number): [number, number] {
  return [x >>> 0, Math.floor(x / 2 ** 32) >>> 0];
}

/** Two words of a name, by FNV-1a with two offsets; Philox mixes them further. */
function hash(name: string): [number, number] {
  const words: [number, number] = [0x811c9dc5, 0x01000193];
  for (const byte of new TextEncoder().encode(name))
    for (const half of [0, 1] as const) words[half] = Math.imul(words[half] ^ byte, 0x01000193) >>> 0;
  return words;
}
