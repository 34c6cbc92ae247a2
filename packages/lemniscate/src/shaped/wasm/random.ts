/** @module Philox and what is drawn with it, four paths at a time: the same numbers as in core/random.ts. */
import type { Fn, Local, ModuleBuilder } from "../../engines/wasm/assembler.js";
import { type ConstantTable, emitVectors, type Format, type Vector, VectorAlgebra } from "../../engines/wasm/vector.js";
import { attempts } from "../steps/steps.js";
import { circle, normalPair, radius } from "./gaussian.js";

/** Where the functions find what they share. */
export interface Surroundings {
  readonly format: Format;
  readonly constants: ConstantTable;
  /** Philox's keys of ten rounds, each word in all lanes: 20 vectors. */
  readonly keys: number;
  /** Stream of each path: first words, then second words. */
  readonly streams: readonly [number, number];
  /** Paths that are moved together, a multiple of 4. */
  readonly paths: number;
}

/** The upper half of a vector, twice. */
export const upper: readonly number[] = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** Pairs of normal numbers that are made at once. */
const together = 3;

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;

/** Turns four vectors of counter words into random words, in place; four paths, one in each lane. */
function emitPhilox(f: Fn, { keys }: Surroundings, words: readonly [Local, Local, Local, Local]): void {
  const [a, b, c, d] = words;
  const factors = multipliers.map((value) => {
    const local = f.local("v128");
    f.i32(value | 0)
      .op("i32x4.splat")
      .set(local);
    return local;
  }) as [Local, Local];
  const zero = f.local(); // locals begin at 0
  const [low0, high0, low1, high1] = [0, 1, 2, 3].map(() => f.local("v128")) as [Local, Local, Local, Local];
  const even = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
  const odd = even.map((byte) => byte + 4);
  for (let round = 0; round < 10; round++) {
    for (const [x, factor, low, high] of [
      [a, factors[0], low0, high0],
      [c, factors[1], low1, high1],
    ] as const)
      f.get(x)
        .get(factor)
        .op("i64x2.extmul_low_i32x4_u")
        .set(low)
        .get(x)
        .get(factor)
        .op("i64x2.extmul_high_i32x4_u")
        .set(high);
    f.get(low1)
      .get(high1)
      .shuffle(odd)
      .get(b)
      .op("v128.xor")
      .get(zero)
      .mem("v128.load", keys + 32 * round);
    f.op("v128.xor").set(a);
    f.get(low0)
      .get(high0)
      .shuffle(odd)
      .get(d)
      .op("v128.xor")
      .get(zero)
      .mem("v128.load", keys + 32 * round + 16);
    f.op("v128.xor").set(c);
    f.get(low1).get(high1).shuffle(even).set(b);
    f.get(low0).get(high0).shuffle(even).set(d);
  }
}

/** Sets the counters of four paths and draws their words. */
export function emitDraw(
  f: Fn,
  at: Surroundings,
  words: readonly [Local, Local, Local, Local],
  block: Local,
  step: Local,
  lane: Local,
): void {
  f.get(block).op("i32x4.splat").set(words[0]);
  f.get(step).op("i32x4.splat").set(words[1]);
  for (const half of [0, 1] as const)
    f.get(lane)
      .mem("v128.load", at.streams[half])
      .set(words[2 + half]!);
  emitPhilox(f, at, words);
}

/** The next word of xoshiro128++ for four paths: as `xoshiro` in core/random.ts. */
export function emitXoshiro(f: Fn, [a, b, c, d]: readonly [Local, Local, Local, Local]): Local {
  const [word, shifted] = [f.local("v128"), f.local("v128")];
  const rotate = (local: Local, bits: number): void => {
    f.get(local).i32(bits).op("i32x4.shl");
    f.get(local)
      .i32(32 - bits)
      .op("i32x4.shr_u", "v128.or");
  };
  f.get(a).get(d).op("i32x4.add").set(word);
  rotate(word, 7);
  f.get(a).op("i32x4.add").set(word);
  f.get(b).i32(9).op("i32x4.shl").set(shifted);
  for (const [to, from] of [
    [c, a],
    [d, b],
    [b, c],
    [a, d],
    [c, shifted],
  ] as const)
    f.get(to).get(from).op("v128.xor").set(to);
  rotate(d, 11);
  f.set(d);
  return word;
}

/** Two vectors of doubles in (0, 1) of 52 bits, of two vectors of words: as `unit` in core/random.ts. */
function emitUniform(f: Fn, at: Surroundings, upper: Local, lower: Local): readonly [Local, Local] {
  return ["low", "high"].map((half) => {
    const made = f.local("v128");
    const extend = `i64x2.extend_${half as "low" | "high"}_i32x4_u` as const;
    f.get(upper).i32(6).op("i32x4.shr_u", extend).i32(26).op("i64x2.shl");
    f.get(lower).i32(6).op("i32x4.shr_u", extend, "v128.or");
    // Behind the exponent of 1 the bits are 1 + x; half a unit is left when 1 − 2^−53 is taken away.
    at.constants.push(f, 1);
    f.op("v128.or");
    at.constants.push(f, 1 - 2 ** -53);
    f.op("f64x2.sub").set(made);
    return made;
  }) as [Local, Local];
}

/** Formulas of given locals, in double precision; `build` gets an input for each. */
function emit(
  f: Fn,
  at: Surroundings,
  inputs: readonly Local[],
  build: (a: VectorAlgebra, ...x: Vector[]) => readonly Vector[],
): Local[] {
  const algebra = new VectorAlgebra(at.format);
  const results = build(algebra, ...inputs.map((_, i) => algebra.input(i)));
  return emitVectors(
    f,
    at.constants,
    results,
    inputs.map((local) => [local]),
    1,
  ).map(([local]) => local!);
}

/**
 * `normals(block, step)`: as many pairs of normal numbers of a counter's stream, for all paths, one behind another in memory:
 * as `coarseNormals` in core/random.ts, but with the digits of doubles behind the 32 random bits.
 */
export function defineNormals(module: ModuleBuilder, at: Surroundings, first: number, pairs: number): number {
  return module.define("normals", ["i32", "i32"], (f) => {
    const [block, step] = [0, 1] as const;
    const state = [0, 1, 2, 3].map(() => f.local("v128")) as [Local, Local, Local, Local];
    const [lane, end, out, last] = [f.local(), f.local(), f.local(), f.local()];
    const [mask, exchanged] = [f.local("v128"), f.local("v128")];
    const doubles = (word: Local): readonly Local[] =>
      [0, 1].map((half) => {
        const local = f.local("v128");
        f.get(word);
        if (half === 1) f.get(word).shuffle(upper);
        f.op("f64x2.convert_low_i32x4_s").set(local);
        return local;
      });
    const row = 16 * at.paths;
    const some = (count: number): void => {
      const words = Array.from({ length: count }, () => [emitXoshiro(f, state), emitXoshiro(f, state)] as const);
      const shares = words.flatMap(([word]) => {
        f.get(word).i32(1).op("i32x4.shr_u").set(word);
        return doubles(word);
      });
      const algebra = new VectorAlgebra(at.format);
      const pair = normalPair(algebra, "f64", algebra.input(0), algebra.input(1));
      const turns = words.flatMap(([, turn]) => doubles(turn));
      const [x, y] = emitVectors(f, at.constants, pair, [shares, turns], 2 * count) as [Local[], Local[]];
      for (const [k, [, turn]] of words.entries()) {
        // Bit 1, in all bits of a lane, exchanges the two.
        f.get(turn).i32(30).op("i32x4.shl").i32(31).op("i32x4.shr_s").set(mask);
        for (const half of [0, 1] as const) {
          const [one, other] = [x[2 * k + half]!, y[2 * k + half]!];
          // Bit 0 becomes the sign of x.
          const extend = `i64x2.extend_${half === 0 ? "low" : "high"}_i32x4_u` as const;
          f.get(turn).op(extend).i32(63).op("i64x2.shl").get(one).op("v128.xor").set(one);
          const twice = [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7].map((byte) => byte + 8 * half);
          f.get(one).get(other).op("v128.xor").get(mask).get(mask).shuffle(twice).op("v128.and").set(exchanged);
          for (const [i, made] of [one, other].entries())
            f.get(out)
              .get(made)
              .get(exchanged)
              .op("v128.xor")
              .mem("v128.store", first + row * k + (row / 2) * i + 16 * half);
        }
      }
    };
    f.i32(4 * at.paths).set(end);
    f.while(lane, end, 16, () => {
      emitDraw(f, at, state, block, step, lane);
      f.get(lane).i32(1).op("i32.shl").set(out);
      f.get(out)
        .i32(row * (pairs - (pairs % together)))
        .op("i32.add")
        .set(last);
      f.while(out, last, row * together, () => some(together));
      if (pairs % together > 0) some(pairs % together);
    });
  });
}

/** `chi(block, step, out)`: √(2 γ) with gamma variates of that shape, for all paths; attempts as in core/random.ts. */
export function defineChi(module: ModuleBuilder, at: Surroundings, name: string, shape: number): number {
  const boosted = shape < 1 ? 1 : 0;
  const d = shape + boosted - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  return module.define(name, ["i32", "i32", "i32"], (f) => {
    const [block, step, out] = [0, 1, 2] as const;
    const words = [0, 1, 2, 3].map(() => f.local("v128")) as [Local, Local, Local, Local];
    const [lane, end, attempt, last, counter] = [f.local(), f.local(), f.local(), f.local(), f.local()];
    const [done, value] = [0, 1].map(() => [f.local("v128"), f.local("v128")]) as [[Local, Local], [Local, Local]];
    f.i32(4 * at.paths).set(end);
    f.while(lane, end, 16, () => {
      for (const half of [0, 1] as const) {
        at.constants.push(f, 0);
        f.set(done[half]);
      }
      f.i32(boosted).set(attempt).i32(attempts).set(last);
      f.while(attempt, last, 1, () => {
        f.get(block).get(attempt).op("i32.add").set(counter);
        emitDraw(f, at, words, counter, step, lane);
        const u = emitUniform(f, at, words[0], words[1]);
        for (const half of [0, 1] as const) {
          const [angle, judgement] = [words[2], words[3]].map((word) => {
            const local = f.local("v128");
            f.get(word);
            if (half === 1) f.get(word).shuffle(upper);
            f.op("f64x2.convert_low_i32x4_u").set(local);
            return local;
          }) as [Local, Local];
          const [nextDone, nextValue] = emit(
            f,
            at,
            [u[half], angle, judgement, done[half], value[half]],
            (a, u, angle, word, done, value) => {
              const k = (x: number): Vector => a.constant(x);
              const x = a.mul(radius(a, u!), circle(a, a.mul(angle!, k(2 ** -32)))[0]);
              const one = a.fma(k(c), x, k(1));
              const v = a.mul(a.mul(one, one), one);
              const positive = a.max(v, k(1e-300));
              const judged = a.log(a.mul(a.add(word!, k(0.5)), k(2 ** -32)));
              const bound = a.fma(a.mul(x, x), k(0.5), a.mul(k(d), a.add(a.sub(k(1), v), a.log(positive))));
              const accepted = a.choose(v, k(0), k(0), a.choose(bound, judged, k(0), k(1)));
              return [a.max(done!, accepted), a.choose(k(1), done!, value!, a.mul(k(d), a.max(v, k(0))))];
            },
          ) as [Local, Local];
          f.get(nextDone).set(done[half]).get(nextValue).set(value[half]);
        }
        f.get(done[0]).op("i64x2.all_true").get(done[1]).op("i64x2.all_true", "i32.and");
        f.if(() => f.get(last).set(attempt));
      });
      let factors: readonly (Local | undefined)[] = [undefined, undefined];
      if (boosted === 1) {
        emitDraw(f, at, words, block, step, lane);
        factors = emitUniform(f, at, words[0], words[1]);
      }
      for (const half of [0, 1] as const) {
        const [root] = emit(
          f,
          at,
          [value[half], ...(factors[half] === undefined ? [] : [factors[half]!])],
          (a, x, u) => {
            const gamma = u === undefined ? x! : a.mul(x!, a.exp(a.mul(a.constant(1 / shape), a.log(u))));
            return [a.sqrt(a.mul(a.constant(2), gamma))];
          },
        );
        f.get(out)
          .get(lane)
          .i32(1)
          .op("i32.shl", "i32.add")
          .get(root!)
          .mem("v128.store", 16 * half);
      }
    });
  });
}
