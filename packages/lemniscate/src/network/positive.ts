import { LemniscateError } from "../core/errors.js";

/**
 * Refuses a covariance that no random variables have. Cholesky with a diagonal of 1 + 1e-9 decides: a negative
 * eigenvalue beyond rounding makes a pivot negative.
 *
 * @throws LemniscateError `OptionOutOfRange` naming the position at which the covariance stops being one
 */
export function refuseIndefinite(where: string, R: Float64Array, S: number): void {
  const L = Float64Array.from(R);
  for (let j = 0; j < S; j++) {
    let pivot = L[j * S + j]! * (1 + 1e-9);
    for (let k = 0; k < j; k++) pivot -= L[j * S + k]! ** 2;
    if (pivot < 0)
      throw new LemniscateError({
        code: "OptionOutOfRange",
        where,
        given: `a covariance that is not positive semidefinite (pivot ${j} is ${pivot.toPrecision(3)})`,
        allowed: "a decay that is a covariance on this grid",
        mend: 'Use "exponential" or "inverse" with power 1, or a larger rate.',
      });
    const root = Math.sqrt(pivot);
    L[j * S + j] = root;
    for (let i = j + 1; i < S; i++) {
      let sum = L[i * S + j]!;
      for (let k = 0; k < j; k++) sum -= L[i * S + k]! * L[j * S + k]!;
      L[i * S + j] = root === 0 ? 0 : sum / root;
    }
  }
}
