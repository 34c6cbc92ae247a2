/** @module Floating-point operations of a workload, by the library's own counts of what its program does. */
import { networkFromData } from "lemniscate";
import { compile } from "../packages/lemniscate/dist/program/compile.js";
import { stepFlops } from "../packages/lemniscate/dist/program/cost.js";

/** Of K and Θ of all pairs; examples of one length cost the same. */
export function operationsOf({ network, shape, lengths }) {
  const [N, ...rest] = shape;
  const input = { grid: rest.slice(0, -1), channels: rest.at(-1), gaussian: false };
  const layers = networkFromData({ type: "serial", layers: network });
  const program = compile(layers, input, { get: ["nngp", "ntk"], masked: false });
  const S = input.grid.reduce((product, size) => product * size, 1);
  const counts = new Map();
  for (const length of lengths ?? Array.from({ length: N }, () => S)) counts.set(length, (counts.get(length) ?? 0) + 1);
  const flops = (list, a, b) => program[list].reduce((sum, step) => sum + stepFlops(program, step, a, b), 0);
  let total = 0;
  for (const [a, countA] of counts) {
    total += countA * (flops("example", a, a) + flops("self", a, a));
    for (const [b, countB] of counts)
      total += ((a === b ? countA * (countA - 1) : countA * countB) / 2) * flops("pair", a, b);
  }
  return total;
}
