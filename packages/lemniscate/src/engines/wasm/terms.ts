/** @module Terms of sums over keys, as functions over a block of keys for one pair of queries. */

import { meanJacobianOp, meanSandwichOp } from "../../ops/draws.js";
import { type DualSumParameters, dualSumsOp, moving } from "../../ops/dual-sums.js";
import { addOp, affineOp, multiplyOp } from "../../ops/elementary.js";
import type { Parameters } from "../../ops/op.js";
import { scaleSidesOp } from "../../ops/padding.js";
import { rectifierSumsOp, rectifierTermOp } from "../../ops/rectifier-sums.js";
import type { Fused, FusedStep, StreamAccess } from "./elementwise.js";

/** The terms that the lowering of an operation with so many operands needs; none for most operations. */
export function termsOf(op: string, parameters: Parameters, operands: number): readonly Fused[] {
  if (op === meanSandwichOp.name || op === meanJacobianOp.name) return entrywise;
  if (op === dualSumsOp.name) return [dualTerms(parameters as DualSumParameters, operands)];
  return op === rectifierSumsOp.name && operands > 5 ? [rectifierTerms(parameters)] : [];
}

/**
 * w_ij T(k_aa k_ii, k_ab k_ij, k_bb k_jj) of k_aa, k_ii, k_ab, k_ij, k_bb, k_jj, then of tangents likewise those that move, w_ij
 * and, with masks, m_ai, m'_bj.
 */
function dualTerms({ of, movers, ...own }: DualSumParameters, operands: number): Fused {
  const pairs: readonly (readonly [StreamAccess, StreamAccess])[] = [
    ["number", "row"],
    ["number", "same"],
    ["number", "column"],
  ];
  const changing = moving([0, 1, 2], { movers: movers ?? [] });
  const inputs = [...pairs, ...changing.map((n) => pairs[n]!)].flat();
  const product = (one: number, other: number): FusedStep => step(multiplyOp.name, { input: one }, { input: other });
  const products = pairs.map((_, n) => product(2 * n, 2 * n + 1));
  // Each change is a sum of two products, which stand before it.
  const changes = changing.flatMap((n, t) => {
    const [at, first] = [2 * (3 + t), 3 + 3 * t];
    return [product(at, 2 * n + 1), product(2 * n, at + 1), step(addOp.name, { step: first }, { step: first + 1 })];
  });
  const args = [...products.keys(), ...changing.map((_, t) => 5 + 3 * t)].map((at) => ({ step: at }));
  const expectation = { ...step(of, ...args), parameters: own };
  const masked = operands > 4 + changing.length;
  return weighed([...inputs, "same"], [...products, ...changes, expectation], masked);
}

/** The same of piecewise linear functions, which read d_ab and d_ij as well, before w_ij. */
function rectifierTerms(parameters: Parameters): Fused {
  const inputs: StreamAccess[] = ["number", "row", "number", "same", "number", "column", "number", "same", "same"];
  const args = inputs.slice(0, 8).map((_, input) => ({ input }));
  return weighed(inputs, [{ ...step(rectifierTermOp.name, ...args), parameters }], true);
}

/** The last step times the last input and, with masks, times those of both sides. */
function weighed(inputs: readonly StreamAccess[], steps: readonly FusedStep[], masked: boolean): Fused {
  const [w, last] = [inputs.length - 1, steps.length - 1];
  const product = step(multiplyOp.name, { step: last }, { input: w });
  if (!masked) return { narrow: false, inputs, steps: [...steps, product], outputs: [last + 1] };
  const masking = step(scaleSidesOp.name, { input: w + 1 }, { step: last + 1 }, { input: w + 2 });
  return {
    narrow: false,
    inputs: [...inputs, "row", "column"],
    steps: [...steps, product, masking],
    outputs: [last + 2],
  };
}

function step(op: string, ...args: FusedStep["args"]): FusedStep {
  return { op, parameters: {}, args };
}

/** x + y, x·y and x − y over blocks. */
const entrywise: readonly Fused[] = [
  [step(addOp.name, { input: 0 }, { input: 1 })],
  [step(multiplyOp.name, { input: 0 }, { input: 1 })],
  [
    { op: affineOp.name, parameters: { scale: -1, shift: 0 }, args: [{ input: 1 }] } as const,
    step(addOp.name, { input: 0 }, { step: 0 }),
  ],
].map((steps) => ({ narrow: false, inputs: ["same", "same"], steps, outputs: [steps.length - 1] }));
