/** @module Floating-point operations of a workload, by the library's own counts of what its program does. */
import { networkFromData } from "lemniscate";
import { compile } from "../packages/lemniscate/dist/program/compile.js";
import { totalFlops } from "../packages/lemniscate/dist/program/cost.js";

/** Of K and Θ of all pairs; not known where examples have lengths of their own, for only whole ones are counted. */
export function operationsOf({ network, shape: [N, ...rest], lengths }) {
  const layers = networkFromData({ type: "serial", layers: network });
  const input = { grid: rest.slice(0, -1), channels: rest.at(-1), gaussian: false };
  const { all } = totalFlops(compile(layers, input, { get: ["nngp", "ntk"], masked: false }), N, null);
  return lengths === undefined ? all : undefined;
}
