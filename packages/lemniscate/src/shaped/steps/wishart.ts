/** @module Random Gram matrices of n columns, without the columns. */
import type { Steps, Value } from "./steps.js";

/** Y Yᵀ/n where the n columns of Y are independent N(0, K): n is any real number above m − 1. */
export function wishart(steps: Steps, k: Value, n: number): Value {
  const root = steps.product(steps.cholesky(k), steps.bartlett(n));
  return steps.symmetric((a, x) => a.mul(a.constant(1 / n), x!), steps.gram(root));
}

/**
 * The Gram matrix of skip·X + branch·Y over n, where V = X Xᵀ/n and the n columns of Y given X are independent N(0, K).
 *
 * In the m dimensions that X has, Y is M N with V = L Lᵀ, K = M Mᵀ and N of independent normal numbers; of the other n − m
 * only the Gram matrix is seen, which Bartlett's factor draws. Exact for any real n above 2m − 1.
 */
export function residual(steps: Steps, v: Value, k: Value, skip: number, branch: number, n: number): Value {
  const m = steps.tokens;
  const root = steps.cholesky(k);
  const size = branch / Math.sqrt(n);
  const inside = steps.entrywise(
    (a, l, y) => a.fma(a.constant(size), y!, a.mul(a.constant(skip), l!)),
    steps.cholesky(v),
    steps.product(root, steps.normals(m, m)),
  );
  const outside = steps.product(root, steps.bartlett(n - m));
  return steps.symmetric((a, x, y) => a.fma(a.constant(size ** 2), y!, x!), steps.gram(inside), steps.gram(outside));
}
