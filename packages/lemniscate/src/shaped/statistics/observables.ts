/** @module What is looked at in a covariance: one number for each path. */
import { entries, type Snapshot } from "../paths.js";

/** A number for each path of a snapshot, with the name that rows give it. */
export interface Observable {
  readonly name: string;
  of(snapshot: Snapshot): Float64Array;
}

/** V^ab. */
export function covariance(a: number, b: number): Observable {
  return { name: `V${a}${b}`, of: (snapshot) => entries(snapshot, a, b) };
}

/** ρ^ab = V^ab/√(V^aa V^bb); 0 where a variance is 0. */
export function correlation(a: number, b: number): Observable {
  return {
    name: `rho${a}${b}`,
    of(snapshot) {
      const [aa, ab, bb] = [entries(snapshot, a, a), entries(snapshot, a, b), entries(snapshot, b, b)];
      return ab.map((v, p) => (v === 0 ? 0 : Math.max(-1, Math.min(1, v / Math.sqrt(aa[p]!) / Math.sqrt(bb[p]!)))));
    },
  };
}

/** |x^a|/√n = √V^aa. */
export function norm(a: number): Observable {
  return { name: `norm${a}`, of: (snapshot) => entries(snapshot, a, a).map(Math.sqrt) };
}

/** ln det V, −∞ where the tokens are linearly dependent. */
export const logDeterminant: Observable = { name: "logdet", of: (snapshot) => eachPath(snapshot, logDet) };

/** (tr V)²/tr V²: m for orthogonal tokens of equal length, 1 for tokens that are multiples of one. */
export const effectiveRank: Observable = {
  name: "rank",
  of: (snapshot) =>
    eachPath(snapshot, (v, m) => {
      let [trace, squares] = [0, 0];
      for (let i = 0; i < m; i++) trace += v[i * m + i]!;
      for (const x of v) squares += (x / trace) ** 2;
      return 1 / squares;
    }),
};

function eachPath(snapshot: Snapshot, f: (v: Float64Array, m: number) => number): Float64Array {
  const { tokens: m, paths } = snapshot;
  const all = Array.from({ length: m * m }, (_, k) => entries(snapshot, Math.floor(k / m), k % m));
  const v = new Float64Array(m * m);
  return Float64Array.from({ length: paths }, (_, p) => {
    for (let k = 0; k < m * m; k++) v[k] = all[k]![p]!;
    return f(v, m);
  });
}

/** By elimination without exchanges, as befits a covariance. */
function logDet(v: Float64Array, m: number): number {
  const left = v.slice();
  let sum = 0;
  for (let k = 0; k < m; k++) {
    const pivot = left[k * m + k]!;
    if (!(pivot > 0)) return Number.NEGATIVE_INFINITY;
    sum += Math.log(pivot);
    for (let i = k + 1; i < m; i++) {
      const factor = left[i * m + k]! / pivot;
      for (let j = k + 1; j < m; j++) left[i * m + j]! -= factor * left[k * m + j]!;
    }
  }
  return sum;
}
