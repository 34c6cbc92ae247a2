import { sandwich, sandwichOp } from "../../ops/attend.js";
import { addOp, affine, affineOp } from "../../ops/elementary.js";
import type { Node } from "../../ops/op.js";
import { mapPairs, mapPairsOp, type PositionMap } from "../../ops/position-map.js";
import { inner, innerOp } from "../../ops/reductions.js";
import { convolve, convolveOp, type WindowParameters, windowSums, windowSumsOp } from "../../ops/window.js";
import type { Merged } from "../graph.js";

/**
 * Finds multiples of one covariance. Linear layers make the NTK a multiple of the NNGP (with the first attention layer,
 * Θ = 3K); then both share their matrix products.
 *
 *   s·(t·k) → st·k      s·k + t·k → (s + t)·k      A (s·k) Bᵀ → s·(A k Bᵀ)      ⟨s·k, t·l⟩ → st·⟨k, l⟩
 * and windows and maps as sandwiches.
 */
export function multiples(node: Merged): Node | undefined {
  if (node.op === sandwichOp) {
    const [A, k, B] = node.args as readonly [Merged, Merged, Merged];
    const { of, scale } = multiple(k);
    return of === k ? undefined : affine(sandwich(A, of, B), scale, 0);
  }
  if (node.op === innerOp) {
    const [x, y] = node.args.map(multiple) as [Multiple, Multiple];
    return x.scale * y.scale === 1 ? undefined : affine(inner(x.of, y.of), x.scale * y.scale, 0);
  }
  if (node.op === convolveOp || node.op === windowSumsOp) {
    const [k] = node.args as readonly [Merged];
    const { of, scale } = multiple(k);
    const window = node.parameters as WindowParameters;
    return of === k ? undefined : affine((node.op === convolveOp ? convolve : windowSums)(of, window), scale, 0);
  }
  if (node.op === mapPairsOp) {
    const [k] = node.args as readonly [Merged];
    const { of, scale } = multiple(k);
    return of === k ? undefined : affine(mapPairs(of, node.parameters as PositionMap), scale, 0);
  }
  if (node.op.name === addOp.name) {
    const [x, y] = node.args.map(multiple) as [Multiple, Multiple];
    return x.of === y.of ? affine(x.of, x.scale + y.scale, 0) : undefined;
  }
  if (node.op.name === affineOp.name) {
    const [k] = node.args as readonly [Merged];
    const { of, scale } = multiple(k);
    return of === k ? undefined : affine(of, scale * factor(node), node.parameters["shift"] as number);
  }
  return undefined;
}

interface Multiple {
  readonly of: Merged;
  readonly scale: number;
}

/** A covariance as a multiple of another, or as 1 times itself. */
function multiple(k: Merged): Multiple {
  const pure = k.op.name === affineOp.name && k.parameters["shift"] === 0;
  return pure ? { of: k.args[0]!, scale: factor(k) } : { of: k, scale: 1 };
}

function factor(node: Merged): number {
  return node.parameters["scale"] as number;
}
