/** @module The moments of shaped attention near the identity: what its drift and its noise are made of. */
import type { MaskRows } from "../models/mask.js";
import type { Formula } from "./formula.js";
import { across, type Steps, type Value } from "./steps.js";

/** A = I + A₁/√n + A₂/n + …: the means of what A₁ and A₂ do to V, without the factors of γ and τ₀. */
export interface AttentionMoments {
  /** f with E[A₁ V A₁ᵀ] = f ∘ V: one number, or one for each pair of tokens under a mask. */
  readonly square: Value;
  /** E[A₂], m × m. */
  readonly second: Value;
  /** F V Fᵀ with F = exp(k E[A₂]) to second order in the number k, for any symmetric V. */
  bent(v: Value, k: Value): Value;
  /** E[A₂] V + V E[A₂]ᵀ itself. */
  mean(v: Value): Value;
}

/**
 * The moments where V = `at`.
 *
 * With W = C V C and s = C diag(W): f = |W|²/m² and E[A₂] = diag(V) sᵀ/2m. Under a mask every row a has its own centring
 * C_a, and f^ab = tr(V C_a V C_b)/(m_a m_b), which products with the mask itself give in O(m³).
 *
 * @source Noci et al. 2023 (arXiv:2306.17759), S₁ and S₂, in matrix form; masks derived
 */
export function attentionMoments(steps: Steps, at: Value, mask: MaskRows | undefined): AttentionMoments {
  return mask === undefined ? fullMoments(steps, at) : maskedMoments(steps, at, mask);
}

/** G C_a/m_a, row by row: what centred logits G make of the identity's neighbourhood. */
export function centredRows(steps: Steps, logits: Value, mask: MaskRows | undefined): Value {
  const m = steps.tokens;
  if (mask === undefined)
    return steps.entrywise(
      (a, g, sum) => a.mul(a.constant(1 / m), a.sub(g!, a.mul(a.constant(1 / m), sum!))),
      logits,
      steps.rowSums(logits),
    );
  const [seen, weight] = maskConstants(steps, mask);
  const sums = steps.rowSums(steps.entrywise(product, logits, seen));
  return steps.entrywise(
    (a, g, sum, k, w) => a.mul(a.mul(k!, w!), a.sub(g!, a.mul(sum!, w!))),
    logits,
    sums,
    seen,
    weight,
  );
}

const product: Formula = (a, x, y) => a.mul(x!, y!);

function fullMoments(steps: Steps, at: Value): AttentionMoments {
  const m = steps.tokens;
  const rows = steps.rowSums(at);
  const total = steps.sum(rows);
  const centred = steps.symmetric(
    (a, v, row, column, all) =>
      a.add(a.sub(v!, a.mul(a.constant(1 / m), a.add(row!, column!))), a.mul(a.constant(1 / m ** 2), all!)),
    at,
    rows,
    across(rows),
    total,
  );
  const diagonal = steps.diagonal(centred);
  const s = steps.entrywise((a, d, sum) => a.sub(d!, a.mul(a.constant(1 / m), sum!)), diagonal, steps.sum(diagonal));
  const v = steps.diagonal(at);
  const squares = steps.sum(steps.symmetric((a, w) => a.mul(w!, w!), centred));
  return {
    square: steps.entrywise((a, f) => a.mul(a.constant(1 / m ** 2), f!), squares),
    second: steps.entrywise((a, x) => a.mul(a.constant(1 / (2 * m)), x!), steps.productTransposed(v, s)),
    // F = I + (k + k² sᵀv/4m) v sᵀ/2m is of rank one beside the identity.
    bent(of, k) {
      const image = steps.product(of, s);
      const along = steps.sum(steps.entrywise(product, s, image));
      const step = steps.entrywise(
        (a, x, sv) => {
          const half = a.mul(a.constant(1 / (2 * m)), x!);
          return a.mul(half, a.fma(a.mul(a.constant(0.5), half), sv!, a.constant(1)));
        },
        k,
        steps.sum(steps.entrywise(product, s, v)),
      );
      return steps.symmetric(
        (a, x, vi, vj, ui, uj, q, c) => {
          const cross = a.fma(vi!, uj!, a.mul(vj!, ui!));
          return a.fma(c!, a.fma(a.mul(c!, q!), a.mul(vi!, vj!), cross), x!);
        },
        of,
        v,
        across(v),
        image,
        across(image),
        along,
        step,
      );
    },
    mean(of) {
      const image = steps.product(of, s);
      return steps.symmetric(
        (a, vi, vj, ui, uj) => a.mul(a.constant(1 / (2 * m)), a.fma(vi!, uj!, a.mul(vj!, ui!))),
        v,
        across(v),
        image,
        across(image),
      );
    },
  };
}

function maskedMoments(steps: Steps, at: Value, mask: MaskRows): AttentionMoments {
  const [seen, weight] = maskConstants(steps, mask);
  // U_va = (V k_a)_v; then k_bᵀ V k_a, and sums over what a sees of V² and of U².
  const u = steps.productTransposed(at, seen);
  const inner = steps.product(seen, u);
  const squares = steps.congruence(
    seen,
    steps.entrywise((a, v) => a.mul(v!, v!), at),
  );
  const columns = steps.product(
    seen,
    steps.entrywise((a, x) => a.mul(x!, x!), u),
  );
  const turned = steps.productTransposed(steps.identity(), columns);
  const square = steps.symmetric(
    (a, vv, ab, ba, kvk, wa, wb) => {
      const once = a.fma(ab!, wb!, a.mul(ba!, wa!));
      const both = a.mul(a.mul(kvk!, kvk!), a.mul(wa!, wb!));
      return a.mul(a.mul(wa!, wb!), a.add(a.sub(vv!, once), both));
    },
    squares,
    columns,
    turned,
    inner,
    weight,
    across(weight),
  );
  // Row a: diag(C_a V C_a), then its centring.
  const v = steps.diagonal(at);
  const ut = steps.product(seen, at);
  const spread = steps.entrywise(
    (a, k, vd, kv, w, kvk) =>
      a.mul(k!, a.add(a.sub(vd!, a.mul(a.constant(2), a.mul(kv!, w!))), a.mul(kvk!, a.mul(w!, w!)))),
    seen,
    across(v),
    ut,
    weight,
    steps.diagonal(inner),
  );
  const meanSecond = steps.entrywise(
    (a, k, d, sum, w, va) => a.mul(a.mul(a.constant(0.5), k!), a.mul(a.mul(w!, va!), a.sub(d!, a.mul(sum!, w!)))),
    seen,
    spread,
    steps.rowSums(spread),
    weight,
    v,
  );
  return {
    square,
    second: meanSecond,
    bent(of, k) {
      const f = steps.entrywise(
        (a, i, x, xx, size) => a.fma(size!, a.fma(a.mul(a.constant(0.5), size!), xx!, x!), i!),
        steps.identity(),
        meanSecond,
        steps.product(meanSecond, meanSecond),
        k,
      );
      return steps.congruence(f, of);
    },
    mean(of) {
      const half = steps.product(meanSecond, of);
      const turnedHalf = steps.productTransposed(steps.identity(), half);
      return steps.symmetric((a, x, y) => a.add(x!, y!), half, turnedHalf);
    },
  };
}

/** The mask, and 1/m_a of each row. */
function maskConstants(steps: Steps, mask: MaskRows): [Value, Value] {
  return [
    steps.constant(mask),
    steps.constant(mask.map((row) => [1 / row.reduce((sum: number, seen) => sum + seen, 0)])),
  ];
}
