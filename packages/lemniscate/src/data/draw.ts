/**
 * Numbers in [0, 1) that follow from the seed alone: splitmix32, which mixes a counter.
 *
 * @source Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"; the 32-bit mixing constants
 *   are those of Wellons 2018, "Prospecting for hash functions"
 */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** `count` of the items, each at most once, in random order: the first steps of a Fisher–Yates shuffle. */
export function draw<T>(items: readonly T[], count: number, random: () => number): T[] {
  const pool = [...items];
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (pool.length - i));
    [pool[i], pool[j]] = [pool[j] as T, pool[i] as T];
  }
  return pool.slice(0, count);
}
