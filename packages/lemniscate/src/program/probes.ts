/** @module Small programs of one kind of work each, by which an engine is timed. */
import { windowOn } from "../ops/window.js";
import type { Operand, Program, Step } from "./program.js";

const here = (step: number, access: Operand["access"] = "same"): Operand => ({ from: "here", step, access });
const tape = (from: "a" | "b", step: number, access: Operand["access"] = "same"): Operand => ({ from, step, access });
const step = (
  op: string,
  form: Step["form"],
  operands: readonly Operand[] = [],
  parameters: Step["parameters"] = {},
): Step => ({
  op,
  form,
  operands,
  parameters,
  space: 0,
});

/** A program between feature vectors: their products, and what is made of them. */
export function features(channels: number, made: readonly Step[]): Program {
  const pair = [step("gram", "value"), ...made];
  return program([], channels, [step("gram", "value")], pair);
}

const rectifier = { below: 0, above: 1 };

/** Layers of ReLU, both kernels, on the products of feature vectors: 1 − ρ goes from layer to layer. */
export function layers(count: number): Step[] {
  const [a, b] = [tape("a", 0), tape("b", 0)];
  const steps = [step("rectifierDistance", "value", [a, here(0), b], rectifier)];
  const push = (...made: Parameters<typeof step>): Operand => here(steps.push(step(...made)));
  let [distance, ntk] = [here(1), here(0)];
  for (let layer = 0; layer < count; layer++) {
    const affine = push("affineDistance", "value", [a, a, distance, b, b]);
    distance = push("carriedDistance", "value", [affine], { ...rectifier, acute: true });
    const slope = push("carriedSlope", "value", [affine], { ...rectifier, acute: true });
    const product = push("multiply", "value", [slope, ntk]);
    ntk = push("add", "value", [distance, product]);
  }
  return steps;
}

/** The same on blocks of positions, whose variances stand beside them. */
export function blocks(length: number, count: number): Program {
  const pair = [step("gram", "block")];
  const push = (...made: Parameters<typeof step>): Operand => here(pair.push(step(...made)) - 1);
  let [nngp, ntk] = [here(0), here(0)];
  for (let layer = 0; layer < count; layer++) {
    const variances = [tape("a", 0, "row"), nngp, tape("b", 0, "column")];
    const dual = push("dualRectifier", "block", variances, rectifier);
    const slope = push("dualRectifierDot", "block", variances, rectifier);
    ntk = push("add", "block", [dual, push("multiply", "block", [slope, ntk])]);
    nngp = push("affine", "block", [dual], { scale: 2, shift: 0 });
  }
  push("sumPairs", "value", [{ ...ntk, access: "whole" }]);
  return program([length], 1, [step("gram", "diagonal")], pair);
}

/** Products of blocks of positions, one after another: weights · covariance · weightsᵀ. */
export function tokens(length: number, products: number): Program {
  const pair = [step("gram", "block")];
  for (let i = 0; i < products; i++)
    pair.push(step("sandwich", "block", [tape("a", 0, "whole"), here(i, "whole"), tape("b", 0, "whole")]));
  pair.push(step("sumPairs", "value", [here(products, "whole")]));
  return program([length], 1, [step("gram", "block")], pair);
}

/** Windows of 3 × 3 that move over blocks of positions, one after another. */
export function convolutions(size: number, count: number): Program {
  const window = windowOn([size, size], { filter: [3, 3], strides: [1, 1], padding: "same" });
  const pair = [step("gram", "block")];
  for (let i = 0; i < count; i++) pair.push(step("convolve", "block", [here(i, "whole")], window));
  pair.push(step("sumPairs", "value", [here(count, "whole")]));
  return program([size, size], 1, [], pair);
}

/** Softmax weights of each example, with hardly any pairs to use them. */
export function attention(length: number): Program {
  const example = [
    step("gram", "block"),
    step("presence", "line"),
    step("softmaxRows", "block", [here(0, "whole"), here(1, "whole")]),
    step("sumPairs", "value", [here(2, "whole")]),
  ];
  return program([length], 1, example, [step("multiply", "value", [tape("a", 3), tape("b", 3)])]);
}

function program(grid: readonly number[], channels: number, example: readonly Step[], pair: readonly Step[]): Program {
  const result = { nngp: here(pair.length - 1, "whole") };
  return {
    version: 1,
    input: { grid, channels, gaussian: false },
    output: { grid: [], channels: undefined, gaussian: true },
    get: ["nngp"],
    masked: false,
    trimmed: false,
    spaces: [grid],
    example,
    pair,
    self: pair,
    stages: [],
    results: { pair: result, self: result },
  };
}
