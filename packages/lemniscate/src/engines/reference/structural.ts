import { numbers } from "../../ops/algebra.js";
import { type ConstantBlock, constantBlocks } from "../../ops/constant-blocks.js";
import { moving } from "../../ops/dual-sums.js";
import { endAmong } from "../../ops/end.js";
import type { Form, StructuralName } from "../../ops/op.js";
import { type PositionMap, readsDiagonal, rowsOf } from "../../ops/position-map.js";
import { type RectifierSumParameters, rectifierTermOp } from "../../ops/rectifier-sums.js";
import { elementwiseOps, functions } from "../../ops/registry.js";
import { sparsemax } from "../../ops/sparsemax.js";
import { type WindowParameters, windowCenters, windowTaps } from "../../ops/window.js";
import type { Step } from "../../program/program.js";
import { drawsKey } from "../../program/program.js";
import type { Draws } from "../engine.js";
import { block, diagonal, line, number, type Value } from "./values.js";

/** An example as the reference engine reads it: padding is 0 in `x`. */
export interface Input {
  readonly length: number;
  /** Positions on each grid of the program, of which `length` is the first. */
  readonly lengths: readonly number[];
  readonly channels: number;
  readonly x: Float64Array;
  readonly presence: Float64Array;
  /** Nodes of its graph, padding included. */
  readonly nodes: number;
  /** The matrix of its graph, row by row; empty without one. */
  readonly graph: Float64Array;
  readonly draws: Draws;
}

type Lowering = (args: readonly Value[], step: Step, a: Input, b: Input) => Value;

/** Fills a block or its diagonal with the same formula. */
function shaped(form: Form, rows: number, columns: number, entry: (a: number, b: number) => number): Value {
  return form === "block" ? block(rows, columns, entry) : diagonal(rows, columns, entry);
}

/** What each structural operation means, as loops over its formula. */
export const lowerings: { readonly [Name in StructuralName]: Lowering } = {
  gram: (_, step, a, b) =>
    shaped(step.form, a.length, b.length, (s, t) => {
      let sum = 0;
      for (let c = 0; c < a.channels; c++) sum += a.x[s * a.channels + c]! * b.x[t * b.channels + c]!;
      return sum;
    }),

  mix: ([A, x], _, a) => {
    const given = x?.data ?? a.x;
    return block(A!.rows, a.channels, (s, c) => {
      let sum = 0;
      for (let t = 0; t < A!.columns; t++) sum += A!.data[s * A!.columns + t]! * given[t * a.channels + c]!;
      return sum;
    });
  },

  mixedGram: ([x, y], step) =>
    shaped(step.form, x!.rows, y!.rows, (s, t) => {
      let sum = 0;
      for (let c = 0; c < x!.columns; c++) sum += x!.data[s * x!.columns + c]! * y!.data[t * y!.columns + c]!;
      return sum;
    }),

  mixLine: ([A, u]) =>
    line(
      Float64Array.from({ length: A!.rows }, (_, s) => {
        let sum = 0;
        for (let t = 0; t < A!.columns; t++) sum += A!.data[s * A!.columns + t]! * u!.data[t]!;
        return sum;
      }),
    ),

  poolInputs: ([u, x], _, a) => {
    const given = x?.data ?? a.x;
    const sums = new Float64Array(a.channels);
    for (let s = 0; s < a.length; s++)
      for (let c = 0; c < a.channels; c++) sums[c]! += u!.data[s]! * given[s * a.channels + c]!;
    return line(sums);
  },

  pooledGram: ([x, y]) => number(x!.data.reduce((sum, value, c) => sum + value * y!.data[c]!, 0)),

  positionCovariance: constantBlock,
  tokenMask: constantBlock,

  presence: (_, step, a) => (step.form === "value" ? number(a.presence[0]!) : line(a.presence)),

  softmaxRows: (args) =>
    overKeys(args, (logits) => {
      const top = Math.max(...logits);
      const e = logits.map((x) => Math.exp(x - top));
      const sum = e.reduce((total, x) => total + x, 0);
      return e.map((x) => x / sum);
    }),

  sparsemaxRows: (args) => overKeys(args, sparsemax),

  activate: ([k], { parameters }) => {
    const phi = functions.get(parameters["of"] as string)!;
    return { ...k!, data: k!.data.map((x) => phi(x, parameters)) };
  },

  draws: (_, { parameters, space }, a) => {
    const [given, M, L] = [a.draws[drawsKey(parameters)]!, parameters["samples"] as number, a.lengths[space]!];
    const S = Math.sqrt(given.length / M);
    return block(M * L, L, (row, t) => given[(Math.floor(row / L) * S + (row % L)) * S + t]!);
  },

  meanSandwich: ([P, k, Q], { form, parameters }) =>
    meanOf(form, parameters["samples"] as number, k!, (m, s, t) => {
      let sum = 0;
      for (let i = 0; i < k!.rows; i++)
        for (let j = 0; j < k!.columns; j++)
          sum += draw(P!, m, s, i) * k!.data[i * k!.columns + j]! * draw(Q!, m, t, j);
      return sum;
    }),

  meanJacobian: ([W, U, A, C, V, T], { form, parameters }) => {
    const { rows, columns } = A!;
    return meanOf(form, parameters["samples"] as number, A!, (m, s, t) => {
      // C seen through the shares of both sides, row by row, column by column, and altogether.
      const [c, u, v] = [C!.data, Array.from({ length: rows }, (_, i) => draw(U!, m, s, i)), [] as number[]];
      for (let j = 0; j < columns; j++) v.push(draw(T!, m, t, j));
      const rowMeans = u.map((_, i) => v.reduce((sum, share, j) => sum + share * c[i * columns + j]!, 0));
      const columnMeans = v.map((_, j) => u.reduce((sum, share, i) => sum + share * c[i * columns + j]!, 0));
      const mean = u.reduce((sum, share, i) => sum + share * rowMeans[i]!, 0);
      let total = 0;
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          const centred = c[i * columns + j]! - rowMeans[i]! - columnMeans[j]! + mean;
          total += draw(W!, m, s, i) * A!.data[i * columns + j]! * centred * draw(V!, m, t, j);
        }
      return total;
    });
  },

  rectifierSums: ([pp, k, qq, d, w, m, n], { form, parameters }) => {
    const { rows, columns, data } = k!;
    return shaped(form, rows, columns, (a, b) => {
      let sum = 0;
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          const [ab, ij] = [a * columns + b, i * columns + j];
          const seen = (m?.data[a * rows + i] ?? 1) * (n?.data[b * columns + j] ?? 1);
          const variances = [pp!.data[a]!, pp!.data[i]!, data[ab]!, data[ij]!, qq!.data[b]!, qq!.data[j]!];
          const args = [...variances, d!.data[ab]!, d!.data[ij]!];
          sum += seen * w!.data[ij]! * rectifierTermOp.formula(numbers, args, parameters as RectifierSumParameters);
        }
      return sum;
    });
  },

  dualSums: ([pp, k, qq, w, ...others], { form, parameters }) => {
    const { formula } = elementwiseOps.get(parameters["of"] as string)!;
    const { rows, columns } = k!;
    // Where each of the three stands: at the queries (a, b), and at the keys (i, j).
    const places = [
      (a: number, _: number) => a,
      (a: number, b: number) => a * columns + b,
      (_: number, b: number) => b,
    ] as const;
    const three = [pp!, k!, qq!].map(({ data }, n) => [data, places[n]!] as const);
    const movers = moving(three, parameters);
    const moved = movers.map(([data, at], n) => [data, others[n]!.data, at] as const);
    const [m, n] = others.slice(movers.length);
    return shaped(form, rows, columns, (a, b) => {
      let sum = 0;
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          const seen = (m?.data[a * rows + i] ?? 1) * (n?.data[b * columns + j] ?? 1);
          const weight = seen * w!.data[i * columns + j]!;
          if (weight === 0) continue;
          const products = three.map(([data, at]) => data[at(a, b)]! * data[at(i, j)]!);
          const changes = moved.map(
            ([data, change, at]) => change[at(a, b)]! * data[at(i, j)]! + data[at(a, b)]! * change[at(i, j)]!,
          );
          sum += weight * formula(numbers, [...products, ...changes], parameters);
        }
      return sum;
    });
  },

  sandwich: ([A, k, B], step) => {
    const mixed = block(A!.rows, k!.columns, (s, t) => {
      let sum = 0;
      for (let u = 0; u < k!.rows; u++) sum += A!.data[s * A!.columns + u]! * k!.data[u * k!.columns + t]!;
      return sum;
    });
    return shaped(step.form, A!.rows, B!.rows, (s, t) => {
      let sum = 0;
      for (let u = 0; u < mixed.columns; u++) sum += mixed.data[s * mixed.columns + u]! * B!.data[t * B!.columns + u]!;
      return sum;
    });
  },

  compose: ([A, C]) =>
    block(A!.rows, C!.columns, (s, t) => {
      let sum = 0;
      for (let u = 0; u < C!.rows; u++) sum += A!.data[s * A!.columns + u]! * C!.data[u * C!.columns + t]!;
      return sum;
    }),

  cross: ([A, B]) =>
    block(A!.columns, B!.columns, (s, t) => {
      let sum = 0;
      for (let u = 0; u < Math.min(A!.rows, B!.rows); u++)
        sum += A!.data[u * A!.columns + s]! * B!.data[u * B!.columns + t]!;
      return sum;
    }),

  inner: ([x, y]) => {
    let sum = 0;
    for (let i = 0; i < x!.data.length; i++) sum += x!.data[i]! * y!.data[i]!;
    return number(sum);
  },

  weigh: ([A, u]) =>
    line(
      Float64Array.from({ length: A!.columns }, (_, t) => {
        let sum = 0;
        for (let s = 0; s < A!.rows; s++) sum += u!.data[s]! * A!.data[s * A!.columns + t]!;
        return sum;
      }),
    ),

  bilinear: ([u, k, v]) => {
    let sum = 0;
    for (let s = 0; s < k!.rows; s++)
      for (let t = 0; t < k!.columns; t++) sum += u!.data[s]! * k!.data[s * k!.columns + t]! * v!.data[t]!;
    return number(sum);
  },

  sumPairs: ([k]) => number(k!.data.reduce((sum, x) => sum + x, 0)),
  sumDiagonal: ([k]) => number(k!.data.reduce((sum, x) => sum + x, 0)),
  takeDiagonal: ([k]) => diagonal(k!.rows, k!.columns, (s) => k!.data[s * k!.columns + s]!),

  scaleDiagonal: ([k], step) => {
    const factor = step.parameters["factor"] as number;
    if (step.form !== "block") return line(k!.data.map((x) => factor * x));
    return block(k!.rows, k!.columns, (s, t) => k!.data[s * k!.columns + t]! * (s === t ? factor : 1));
  },

  onlyDiagonal: ([k], { form, space }, a, b) =>
    form === "block" ? block(a.lengths[space]!, b.lengths[space]!, (s, t) => (s === t ? k!.data[s]! : 0)) : { ...k! },

  convolve: ([k], { form, parameters, space }, a, b) => {
    const taps = windowTaps(parameters as WindowParameters);
    const at = (s: number, t: number): number => (form === "block" ? entryAt(k!, s, t) : entryAt(k!, 0, s));
    return shaped(form, a.lengths[space]!, b.lengths[space]!, (s, t) =>
      taps[s]!.reduce((sum, from, tap) => sum + at(from, taps[t]![tap]!), 0),
    );
  },

  windowSums: ([k], { form, parameters, space }, a, b) => {
    const taps = windowTaps(parameters as WindowParameters);
    return shaped(form, a.lengths[space]!, b.lengths[space]!, (s, t) => {
      let sum = 0;
      for (const row of taps[s]!) for (const column of taps[t]!) sum += entryAt(k!, row, column);
      return sum;
    });
  },

  mapPairs: ([k], { form, parameters, space }, a, b) => {
    const map = parameters as PositionMap;
    const rows = rowsOf(map);
    const onDiagonal = readsDiagonal(form, map);
    const sum = (s: number, t: number): number => {
      let total = 0;
      for (const [row, v] of rows[s]!)
        for (const [column, w] of rows[t]!)
          total += v * w * (onDiagonal ? entryAt(k!, 0, row) : entryAt(k!, row, column));
      return total;
    };
    return form === "value" ? number(sum(0, 0)) : shaped(form, a.lengths[space]!, b.lengths[space]!, sum);
  },

  mapLine: ([u], { form, parameters, space }, a) => {
    const rows = rowsOf(parameters as PositionMap);
    const sum = (s: number): number => rows[s]!.reduce((total, [row, w]) => total + w * entryAt(u!, 0, row), 0);
    return form === "value" ? number(sum(0)) : line(Float64Array.from({ length: a.lengths[space]! }, (_, s) => sum(s)));
  },

  end: ([u], { parameters }) => {
    const found = new Float64Array(u!.columns);
    const at = endAmong(parameters["at"], u!.columns, (s) => u!.data[s] !== 0);
    if (at >= 0) found[at] = 1;
    return line(found);
  },

  aggregate: ([k], { form }, a, b) => {
    const half = block(a.length, k!.columns, (s, t) => {
      let sum = 0;
      for (let u = 0; u < k!.rows; u++) sum += a.graph[s * a.nodes + u]! * k!.data[u * k!.columns + t]!;
      return sum;
    });
    return shaped(form, a.length, b.length, (s, t) => {
      let sum = 0;
      for (let u = 0; u < k!.columns; u++) sum += half.data[s * k!.columns + u]! * b.graph[t * b.nodes + u]!;
      return sum;
    });
  },

  pickCenters: ([u], { parameters, space }, a) => {
    const centers = windowCenters(parameters as WindowParameters);
    return line(Float64Array.from({ length: a.lengths[space]! }, (_, s) => u!.data[centers[s]!] ?? 0));
  },

  tapShares: (_, { parameters, space }, a) => {
    const taps = windowTaps(parameters as WindowParameters);
    return line(Float64Array.from({ length: a.lengths[space]! }, (_, s) => 1 / taps[s]!.filter((t) => t >= 0).length));
  },
};

/** An entry of a block or, as its row 0, of a line; 0 outside. */
function entryAt({ rows, columns, data }: Value, s: number, r: number): number {
  return s >= 0 && r >= 0 && s < rows && r < columns ? data[s * columns + r]! : 0;
}

/** Entry (s, i) of draw m, of draws below each other. */
function draw({ columns, data }: Value, m: number, s: number, i: number): number {
  return data[(m * columns + s) * columns + i]!;
}

/** The mean over draws of entries between the positions that a block is between. */
function meanOf(
  form: Form,
  samples: number,
  { rows, columns }: Value,
  entry: (m: number, s: number, t: number) => number,
): Value {
  return shaped(form, rows, columns, (s, t) => {
    let sum = 0;
    for (let m = 0; m < samples; m++) sum += entry(m, s, t);
    return sum / samples;
  });
}

/** Rows of a block of logits as rows of weights, over the keys that are present and that each query may read. */
function overKeys(
  [logits, presence, mask]: readonly Value[],
  of: (logits: readonly number[]) => readonly number[],
): Value {
  const { rows, columns, data } = logits!;
  const out = new Float64Array(rows * columns);
  for (let s = 0; s < rows; s++) {
    const keys = [...Array(columns).keys()].filter((t) => presence!.data[t]! * (mask?.data[s * columns + t] ?? 1) > 0);
    if (keys.length === 0) continue;
    const weights = of(keys.map((t) => data[s * columns + t]!));
    for (const [n, t] of keys.entries()) out[s * columns + t] = weights[n]!;
  }
  return { rows, columns, data: out };
}

const constants = new WeakMap<object, Float64Array>();

/** A block of positions alone, computed once for as long as its program is in use. */
function constantBlock(_: readonly Value[], { op, form, parameters, space }: Step, a: Input, b: Input): Value {
  const matrix = constants.get(parameters) ?? constantBlocks[op as ConstantBlock](parameters);
  constants.set(parameters, matrix);
  const S = Math.sqrt(matrix.length);
  return shaped(form, a.lengths[space]!, b.lengths[space]!, (s, t) => matrix[s * S + t]!);
}
