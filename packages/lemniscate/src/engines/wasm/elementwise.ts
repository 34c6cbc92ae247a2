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
function unrollOf({ paired }: Format): number {
  return paired ? 8 : 4;
}

/** Instructions from which on a formula is long enough to overlap with itself: a function has 50,000 locals at most. */
const longFormula = 2000;

/** Words of a frame before its first stream: slices, rows of one, column bytes, bytes from a slice's columns to the next's. */
export const frameHead = 4;

/**
 * Bytes of the frame that describes a call: its head, then pointer and stride of each stream, and behind them room for
 * what only the column decides, in lines of `lineBytes`. Slices lie one behind the other, rows as columns of their side.
 */
export function frameBytes(format: Format, fused: Fused, lineBytes: number): number {
  return linesFrom(fused) + columnVectors(fused, graph(format, fused)).length * lineBytes;
}

function linesFrom({ inputs, outputs }: Fused): number {
  return 16 * Math.ceil((4 * frameHead + 8 * (inputs.length + outputs.length)) / 16);
}

/** What only the row decides. */
function rowVectors({ inputs }: Fused, results: readonly Vector[]): readonly Vector[] {
  return fixedVectors(results, (input) => inputs[input] === "row" || inputs[input] === "number");
}

/** What only the column decides, where there are enough rows that it is worth remembering. */
function columnVectors({ narrow, inputs }: Fused, results: readonly Vector[]): readonly Vector[] {
  return narrow ? [] : fixedVectors(results, (input) => inputs[input] === "column");
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
    const [slices, rows, bytes, columns] = [word(0), word(1), word(2), word(3)];
    const streams = [...inputs, ...outputs.map((): StreamAccess => "same")].map((access, n) => ({
      access,
      pointer: word(frameHead + 2 * n),
      stride: word(frameHead + 1 + 2 * n),
    }));
    const splats = streams.map(({ access }) => (access === "row" || access === "number" ? f.local("v128") : -1));
    for (const [n, { access, pointer }] of streams.entries())
      if (access === "number") f.get(pointer).mem(format.splat).set(splats[n]!);
    const results = graph(format, fused);
    const [slice, i, j, whole, pairs] = [f.local(), f.local(), f.local(), f.local(), f.local()];
    const unroll = unrollOf(format);
    const width = 16 * unroll;
    f.get(bytes).i32(-32).op("i32.and").set(pairs);
    f.get(bytes).i32(-width).op("i32.and").set(whole);
    const neighbours = <T>(count: number, make: (u: number) => T): T[] =>
      Array.from({ length: count }, (_, u) => make(u));
    // One address for all neighbours, by which V8 knows pairs of them.
    const here = (pointer: Local): Local => {
      const address = f.local();
      f.get(pointer).get(j).op("i32.add").set(address);
      return address;
    };
    const read = (pointer: Local, count: number): Local[] => {
      const address = here(pointer);
      return neighbours(count, (u) => {
        const local = f.local("v128");
        f.get(address)
          .mem("v128.load", 16 * u)
          .set(local);
        return local;
      });
    };
    const load = (count: number): (readonly Local[])[] =>
      inputs.map((access, n) =>
        access === "row" || access === "number"
          ? neighbours(count, () => splats[n]!)
          : read(streams[n]!.pointer, count),
      );
    // What only the row decides is computed once for each row, what only the column decides once for all rows.
    const fixed = rowVectors(fused, results);
    const held = new Map<Vector, Local>();
    const lines = columnVectors(fused, results).map((vector) => ({ vector, pointer: f.local() }));
    for (const [n, { pointer }] of lines.entries())
      f.get(bytes).i32(n).op("i32.mul").get(0).op("i32.add").i32(linesFrom(fused)).op("i32.add").set(pointer);
    const computeLines = (): void => {
      if (lines.length === 0) return;
      f.i32(0).set(j);
      f.while(j, bytes, 16, () => {
        const computed = emitVectors(
          f,
          constants,
          lines.map(({ vector }) => vector),
          load(1),
          1,
        );
        for (const [n, [local]] of computed.entries())
          f.get(lines[n]!.pointer).get(j).op("i32.add").get(local!).mem("v128.store");
      });
    };
    const body = (count: number): void => {
      const known = new Map<Vector, readonly Local[]>([
        ...[...held].map(([vector, local]) => [vector, neighbours(count, () => local)] as const),
        ...lines.map(({ vector, pointer }) => [vector, read(pointer, count)] as const),
      ]);
      const computed = emitVectors(f, constants, results, load(count), count, known);
      for (const [n, locals] of computed.entries()) {
        const address = here(streams[inputs.length + n]!.pointer);
        for (const [u, local] of locals.entries())
          f.get(address)
            .get(local)
            .mem("v128.store", 16 * u);
      }
    };
    const row = (): void => {
      for (const [n, { access, pointer }] of streams.entries())
        if (access === "row") f.get(pointer).mem(format.splat).set(splats[n]!);
      const once = inputs.map((_, n) => [splats[n]!]);
      for (const [n, [local]] of emitVectors(f, constants, fixed, once, 1).entries()) held.set(fixed[n]!, local!);
      f.i32(0).set(j);
      if (!narrow && !isLong(results)) {
        f.while(j, whole, width, () => body(unroll));
        if (format.paired) f.while(j, pairs, 32, () => body(2));
      }
      f.while(j, bytes, 16, () => body(1));
      for (const { access, pointer, stride } of streams) advance(f, format, access, pointer, stride);
    };
    f.while(slice, slices, 1, () => {
      computeLines();
      f.i32(0).set(i);
      f.while(i, rows, 1, row);
      for (const { access, pointer } of streams) if (access === "column") f.advanceBy(pointer, columns);
    });
  });
}

function isLong(results: readonly Vector[]): boolean {
  const seen = new Set<Vector>();
  const visit = (vector: Vector): void => {
    if (seen.has(vector) || seen.size > longFormula) return;
    seen.add(vector);
    for (const arg of vector.args) visit(arg);
  };
  for (const result of results) visit(result);
  return seen.size > longFormula;
}

function advance(f: Fn, format: Format, access: StreamAccess, pointer: Local, stride: Local): void {
  if (access === "same") f.advanceBy(pointer, stride);
  if (access === "row") f.advance(pointer, format.bytes);
}

/** Layouts ask again and again how many lines a function keeps. */
const graphs = new WeakMap<Fused, { readonly format: Format; readonly results: readonly Vector[] }>();

/** The formulas of all steps as one graph of vectors. */
function graph(format: Format, fused: Fused): readonly Vector[] {
  const known = graphs.get(fused);
  if (known?.format === format) return known.results;
  const results = vectorsOf(format, fused);
  graphs.set(fused, { format, results });
  return results;
}

function vectorsOf(format: Format, { steps, outputs }: Fused): readonly Vector[] {
  const algebra = new VectorAlgebra(format);
  const computed: Vector[] = [];
  for (const { op, parameters, args } of steps) {
    const vectors = args.map((arg) => ("input" in arg ? algebra.input(arg.input) : computed[arg.step]!));
    computed.push(elementwiseOps.get(op)!.formula(algebra, vectors, parameters));
  }
  return outputs.map((step) => computed[step]!);
}
