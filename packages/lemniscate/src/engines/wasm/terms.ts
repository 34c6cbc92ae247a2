/** @module Terms of sums over keys, as functions over a block of keys for one pair of queries. */

import { meanJacobianOp, meanSandwichOp } from "../../ops/draws.js";
import { type DualSumParameters, dualSumsOp } from "../../ops/dual-sums.js";
import { addOp, affineOp, multiplyOp } from "../../ops/elementary.js";
import type { Parameters } from "../../ops/op.js";
import { scaleSidesOp } from "../../ops/padding.js";
import { rectifierSumsOp, rectifierTermOp } from "../../ops/rectifier-sums.js";
import type { Fused, FusedStep, StreamAccess } from "./elementwise.js";

/** The terms that the lowering of an operation with so many operands needs; none for most operations. */
export function termsOf(op: string, parameters: Parameters, operands: number): readonly Fused[] {
  if (op === meanSandwichOp.name || op === meanJacobianOp.name) return entrywise;
  if (op === dualSumsOp.name) return [dualTerms(parameters as DualSumParameters, operands > 4)];
  return op === rectifierSumsOp.name && operands > 5 ? [rectifierTerms(parameters)] : [];
}

/** w_ij T(s·k_aa k_ii, s·k_ab k_ij, s·k_bb k_jj) of k_aa, k_ii, k_ab, k_ij, k_bb, k_jj, w_ij and, with masks, m_ai, m'_bj. */
function dualTerms({ of, logitScale, ...own }: DualSumParameters, masked: boolean): Fused {
  const inputs: StreamAccess[] = ["number", "row", "number", "same", "number", "column", "same"];
  const product = (one: number, other: number): FusedStep => step(multiplyOp.name, { input: one }, { input: other });
  const scaled = (of: number): FusedStep => ({
    ...step(affineOp.name, { step: of }),
    parameters: { scale: logitScale, shift: 0 },
  });
  const expectation = { ...step(of, { step: 3 }, { step: 4 }, { step: 5 }), parameters: own };
  const steps = [product(0, 1), product(2, 3), product(4, 5), scaled(0), scaled(1), scaled(2), expectation];
  return weighed(inputs, steps, masked);
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
