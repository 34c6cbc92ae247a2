import { LemniscateError } from "../core/errors.js";

/**
 * Which of n examples are kept and which are held out, each list in ascending order. Chosen by a seeded shuffle
 * (Durstenfeld 1964) on a 32-bit generator, so that the same arguments give the same lists on every machine.
 */
export function split(where: string, n: number, fraction: number, seed: number): { kept: number[]; held: number[] } {
  if (n < 2)
    throw new LemniscateError({
      code: "BadInput",
      where: `${where}: noise`,
      given: `${n} training example`,
      allowed: "at least 2 for a held-out split",
      mend: "Give the noise as a number, or choose it by marginal likelihood.",
    });
  const next = randomIntegers(seed);
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((next() / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const count = Math.min(n - 1, Math.max(1, Math.round(fraction * n)));
  const ascending = (a: number, b: number) => a - b;
  return { held: order.slice(0, count).sort(ascending), kept: order.slice(count).sort(ascending) };
}

/** Uniform 32-bit integers: a Weyl sequence passed through the finalizer of MurmurHash3 (Appleby 2011, fmix32). */
function randomIntegers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}
