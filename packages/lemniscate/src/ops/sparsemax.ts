/**
 * The point of the simplex that is nearest to some numbers: max(x − τ, 0), with the threshold τ at which it sums to 1.
 *
 * @source Martins and Astudillo 2016, arXiv:1602.02068, algorithm 1
 */
export function sparsemax(x: readonly number[]): number[] {
  const sorted = [...x].sort((a, b) => b - a);
  let [sum, threshold] = [0, 0];
  for (const [n, value] of sorted.entries()) {
    sum += value;
    const tau = (sum - 1) / (n + 1);
    if (value > tau) threshold = tau;
  }
  return x.map((value) => Math.max(value - threshold, 0));
}
