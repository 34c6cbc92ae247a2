/** @module What kinds of work a list of steps is, for whoever knows how fast each is done. */
import { elementwiseOps } from "../ops/registry.js";
import { listFlops } from "./cost.js";
import type { Program, Step } from "./program.js";

/** Kinds of operations that differ in how many of them are done in a second. */
export type WorkKind = "gram" | "product" | "window" | "softmax" | "elementwise" | "blockwise";

/** All that one operation does in a list, elementwise ones together. */
export interface Work {
  readonly op: string;
  readonly kind: WorkKind;
  readonly flops: number;
  /** How often the engine is called for one example or pair. */
  readonly calls: number;
}

/** The work of a list for one example, or one pair of examples. Numbers of a pair are computed a tile at a time. */
export function workOf(program: Program, list: "example" | "pair" | "self"): readonly Work[] {
  const steps = program[list];
  const found = new Map<string, Work>();
  for (const [i, flops] of listFlops(program, steps).entries()) {
    const step = steps[i]!;
    const elementwise = elementwiseOps.has(step.op);
    const onTile = list === "pair" && step.form === "value" && (elementwise || ofFeatures.has(step.op));
    const follows = elementwise && i > 0 && elementwiseOps.has(steps[i - 1]!.op);
    const kind = kindOf(step);
    const op = elementwise ? kind : step.op;
    const before = found.get(op) ?? { flops: 0, calls: 0 };
    const calls = before.calls + (onTile || follows ? 0 : 1);
    found.set(op, { op, kind, flops: before.flops + flops, calls });
  }
  return [...found.values()];
}

/** Gram matrices of feature vectors, and products of blocks of positions. */
const ofFeatures = new Set(["gram", "pooledGram"]);
const products = new Set(["gram", "mix", "mixedGram", "sandwich", "compose", "cross", "meanSandwich", "meanJacobian"]);

function kindOf({ op, form }: Step): WorkKind {
  if (form === "value" && ofFeatures.has(op)) return "gram";
  if (products.has(op)) return "product";
  if (op === "convolve" || op === "windowSums" || op === "mapPairs" || op === "aggregate") return "window";
  if (op === "softmaxRows") return "softmax";
  return form === "value" && elementwiseOps.has(op) ? "elementwise" : "blockwise";
}
