import { LemniscateError } from "../core/errors.js";

/**
 * Refuses a covariance that no random variables have. Cholesky with a diagonal of 1 + 1e-9 decides: a negative
 * eigenvalue beyond rounding makes a pivot negative.
 *
 * @throws LemniscateError `OptionOutOfRange` naming the least eigenvalue
 */
export function refuseIndefinite(where: string, R: Float64Array, S: number): void {
  if (isSemidefinite(R, S)) return;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where,
    given: `a covariance that is not positive semidefinite: its least eigenvalue is ${leastEigenvalue(R, S).toPrecision(3)}`,
    allowed: "a covariance on this grid, whose eigenvalues are ≥ 0",
    mend: 'Use "exponential" or "inverse" with power 1, or a larger rate.',
  });
}

function isSemidefinite(R: Float64Array, S: number): boolean {
  const L = Float64Array.from(R);
  for (let j = 0; j < S; j++) {
    let pivot = L[j * S + j]! * (1 + 1e-9);
    for (let k = 0; k < j; k++) pivot -= L[j * S + k]! ** 2;
    if (pivot < 0) return false;
    const root = Math.sqrt(pivot);
    L[j * S + j] = root;
    for (let i = j + 1; i < S; i++) {
      let sum = L[i * S + j]!;
      for (let k = 0; k < j; k++) sum -= L[i * S + k]! * L[j * S + k]!;
      L[i * S + j] = root === 0 ? 0 : sum / root;
    }
  }
  return true;
}

/** To some three digits, by power iteration on c − R, where c bounds every eigenvalue. */
function leastEigenvalue(R: Float64Array, S: number): number {
  const row = (a: number): Float64Array => R.subarray(a * S, (a + 1) * S);
  const bound = Math.max(...Array.from({ length: S }, (_, a) => row(a).reduce((sum, x) => sum + Math.abs(x), 0)));
  let v = Float64Array.from({ length: S }, (_, a) => Math.sin(a + 1));
  let value = 0;
  for (let step = 0; step < 300; step++) {
    const norm = Math.hypot(...v);
    v = v.map((x) => x / norm);
    const Rv = v.map((_, a) => row(a).reduce((sum, x, b) => sum + x * v[b]!, 0));
    value = Rv.reduce((sum, x, a) => sum + x * v[a]!, 0);
    v = v.map((x, a) => bound * x - Rv[a]!);
  }
  return value;
}
