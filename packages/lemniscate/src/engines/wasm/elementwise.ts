/** @module Fused elementwise functions: a run of steps over a block in one pass, entries in registers. */
import type { Parameters } from "../../ops/op.js";
import { elementwiseOps } from "../../ops/registry.js";
import type { Fn, Local, ModuleBuilder } from "./assembler.js";
import { type ConstantTable, emitVectors, type Format, fixedVectors, type Vector, VectorAlgebra } from "./vector.js";

/** Where a fused step takes an argument from: an input stream of the function, or an earlier step of it. */
export type Source = { readonly input: number } | { readonly step: number };

export interface FusedStep {
  readonly op: string;
  readonly parameters: Parameters;
  readonly args: readonly Source[];
}

/** How an input stream is read while the function walks over rows and columns. */
export type StreamAccess = "same" | "row" | "column" | "number";

export interface Fused {
  /** Whether a row is one vector at most; else code for several vectors at a time is written as well. */
  readonly narrow: boolean;
  readonly inputs: readonly StreamAccess[];
  readonly steps: readonly FusedStep[];
  /** Steps whose values are stored. */
  readonly outputs: readonly number[];
}

/** Neighbouring vectors that are computed together, so that their latencies overlap. */
const unroll = 4;

/** 32-bit words of the frame that describes a call: rows, column bytes, then pointer and stride of each stream. */
export function frameWords(fused: Fused): number {
  return 2 + 2 * (fused.inputs.length + fused.outputs.length);
}

/** Defines `name(frame)`: the fused steps on every entry of a block. */
export function defineFused(
  module: ModuleBuilder,
  format: Format,
  constants: ConstantTable,
  name: string,
  fused: Fused,
): void {
  module.define(name, ["i32"], (f) => {
    const { narrow, inputs, outputs } = fused;
    const word = (index: number): Local => {
      const local = f.local();
      f.get(0)
        .mem("i32.load", 4 * index)
        .set(local);
      return local;
    };
    const [rows, bytes] = [word(0), word(1)];
    const streams = [...inputs, ...outputs.map((): StreamAccess => "same")].map((access, n) => ({
      access,
      pointer: word(2 + 2 * n),
      stride: word(3 + 2 * n),
    }));
    const splats = streams.map(({ access }) => (access === "row" || access === "number" ? f.local("v128") : -1));
    for (const [n, { access, pointer }] of streams.entries())
      if (access === "number") f.get(pointer).mem(format.splat).set(splats[n]!);
    const results = graph(format, fused);
    const [i, j, whole] = [f.local(), f.local(), f.local()];
    const width = 16 * unroll;
    f.get(bytes).i32(-width).op("i32.and").set(whole);
    // What only the row decides is computed once for each row.
    const isFixed = (input: number): boolean => inputs[input] === "row" || inputs[input] === "number";
    const fixed = fixedVectors(results, isFixed);
    const held = new Map<Vector, Local>();
    const body = (count: number): void => {
      const loaded = inputs.map((_, n) => {
        if (isFixed(n)) return Array.from({ length: count }, () => splats[n]!);
        return Array.from({ length: count }, (_, u) => {
          const local = f.local("v128");
          f.get(streams[n]!.pointer)
            .get(j)
            .op("i32.add")
            .mem("v128.load", 16 * u)
            .set(local);
          return local;
        });
      });
      const computed = emitVectors(f, constants, results, loaded, count, held);
      for (const [n, locals] of computed.entries())
        for (const [u, local] of locals.entries())
          f.get(streams[inputs.length + n]!.pointer)
            .get(j)
            .op("i32.add")
            .get(local)
            .mem("v128.store", 16 * u);
    };
    f.while(i, rows, 1, () => {
      for (const [n, { access, pointer }] of streams.entries())
        if (access === "row") f.get(pointer).mem(format.splat).set(splats[n]!);
      const once = inputs.map((_, n) => [splats[n]!]);
      for (const [n, [local]] of emitVectors(f, constants, fixed, once, 1).entries()) held.set(fixed[n]!, local!);
      f.i32(0).set(j);
      if (!narrow) f.while(j, whole, width, () => body(unroll));
      f.while(j, bytes, 16, () => body(1));
      for (const { access, pointer, stride } of streams) advance(f, format, access, pointer, stride);
    });
  });
}

function advance(f: Fn, format: Format, access: StreamAccess, pointer: Local, stride: Local): void {
  if (access === "same") f.advanceBy(pointer, stride);
  if (access === "row") f.advance(pointer, format.bytes);
}

/** The formulas of all steps as one graph of vectors. */
function graph(format: Format, { steps, outputs }: Fused): readonly Vector[] {
  const algebra = new VectorAlgebra(format);
  const computed: Vector[] = [];
  for (const { op, parameters, args } of steps) {
    const vectors = args.map((arg) => ("input" in arg ? algebra.input(arg.input) : computed[arg.step]!));
    computed.push(elementwiseOps.get(op)!.formula(algebra, vectors, parameters));
  }
  return outputs.map((step) => computed[step]!);
}
