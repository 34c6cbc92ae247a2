/**
 * @module Random draws of attention weights, before a program runs. All examples share each draw, so that an average over
 * draws is an average of Gram matrices: logits are G(x) = σ Φ(x) B Φ(x)ᵀ, where the rows Φ factor the covariance of all
 * positions of all examples, and B is a matrix of independent normal numbers.
 */
import type { Batch } from "../core/batch.js";
import { examples, gridOf, hasPadding, positionsOf } from "../core/batch.js";
import { describeBytes } from "../core/bytes.js";
import { LemniscateError } from "../core/errors.js";
import { child, normals, randomKey } from "../core/random.js";
import type { RunOptions } from "../core/run.js";
import { positionCount } from "../core/shape.js";
import type { Draws, Engine, EngineBatch, Numbers } from "../engines/engine.js";
import { addProduct, type Block } from "../linalg/product.js";
import { weigherOf } from "../program/drawn-weights.js";
import { drawsKey, type Program, type Stage } from "../program/program.js";
import { bytesOf, type Memory, usual } from "./memory.js";

/** Which of the draws, as parts of all of them: 0 to 1 for all. */
export type Range = readonly [from: number, to: number];

export const everyDraw: Range = [0, 1];

/** A program and its batches with draws. */
export interface Drawn {
  readonly program: Program;
  readonly x1: EngineBatch;
  readonly x2: EngineBatch | null;
}

/** Residual variances below this share of the largest variance count as rounding. */
const negligible = 1e-12;

/**
 * The batches with the draws that a program reads, of which a range may be asked for. Examples of x2 come first: whatever
 * x1 is, they get the same draws, so that K(x2, x2) and K(x1, x2) fit together.
 *
 * @throws LemniscateError `NotSupported` if the factor of a covariance does not fit into the memory, 1 GiB unless given
 */
export async function withDraws(
  engine: Engine,
  program: Program,
  [x1, x2]: readonly [Batch, Batch | null],
  range: Range,
  { signal, memory }: Pick<RunOptions, "signal"> & { readonly memory?: Memory | undefined },
): Promise<Drawn> {
  if (program.stages.length === 0) return { program, x1, x2 };
  const all = x2 === null ? x1 : together(x2, x1);
  const drawn: Record<string, Float64Array> = {};
  const most = memory === undefined ? usual : bytesOf(memory);
  for (const [index, stage] of program.stages.entries()) {
    const covariance = ranged(stage.covariance, range);
    const data: EngineBatch = { ...all, draws: drawn };
    refuseMovedPadding(stage, all);
    const factor = await factorOf(engine, covariance, data, { signal, most });
    const parts = partsOf(program, index);
    for (const [part, values] of drawAll(stage, index, factor, all, range, parts))
      drawn[drawsKey({ stage: index, part })] = values;
  }
  const n2 = x2?.shape[0] ?? 0;
  const share = (from: number, to: number): Draws => drawsOf(drawn, all.shape[0], from, to);
  return {
    program: ranged(program, range),
    x1: { ...x1, draws: share(n2, all.shape[0]) },
    x2: x2 === null ? null : { ...x2, draws: share(0, n2) },
  };
}

/** Some examples, with their draws. */
export function drawnExamples(batch: EngineBatch, from: number, to: number): EngineBatch {
  const { draws, ...plain } = batch;
  return draws === undefined
    ? examples(plain, from, to)
    : { ...examples(plain, from, to), draws: drawsOf(draws, batch.shape[0], from, to) };
}

function drawsOf(draws: Draws, n: number, from: number, to: number): Draws {
  const part = (values: Float64Array): Float64Array =>
    values.subarray((from * values.length) / n, (to * values.length) / n);
  return Object.fromEntries(Object.entries(draws).map(([key, values]) => [key, part(values)]));
}

/** Parts of the draws whose averages are compared, at most. */
const mostParts = 10;

/**
 * Standard errors of averages over draws: the spread of the averages over ten parts of them, each computed by itself from
 * the first layer on, over √10.
 */
export async function standardErrors(
  stages: readonly Stage[],
  run: (range: Range) => Promise<Record<string, Numbers>>,
): Promise<Readonly<Record<string, Numbers>>> {
  if (stages.length === 0) return {};
  const parts = Math.min(mostParts, ...stages.map(({ draws }) => draws.samples));
  if (parts < 2) return {};
  const found: Record<string, Numbers>[] = [];
  for (let part = 0; part < parts; part++) found.push(await run([part / parts, (part + 1) / parts]));
  const errorOf = (key: string): Numbers =>
    found[0]![key]!.map((_, e) => {
      const mean = found.reduce((sum, values) => sum + values[key]![e]!, 0) / parts;
      const squares = found.reduce((sum, values) => sum + (values[key]![e]! - mean) ** 2, 0);
      return Math.sqrt(squares / (parts * (parts - 1)));
    });
  return Object.fromEntries(Object.keys(found[0]!).map((key) => [key, errorOf(key)]));
}

/** The same program for some of its draws. */
function ranged(program: Program, range: Range): Program {
  const counted = (steps: Program["pair"]): Program["pair"] =>
    steps.map((step) => {
      const samples = step.parameters["samples"];
      if (typeof samples !== "number") return step;
      const [from, to] = drawsIn(samples, range);
      return { ...step, parameters: { ...step.parameters, samples: to - from } };
    });
  const { example, pair, self } = program;
  return { ...program, example: counted(example), pair: counted(pair), self: counted(self), stages: [] };
}

function drawsIn(samples: number, [from, to]: Range): readonly [number, number] {
  return [Math.round(samples * from), Math.round(samples * to)];
}

/** What is read of the draws of a stage, by the program or by the covariances behind. */
function partsOf(program: Program, stage: number): ReadonlySet<string> {
  const steps = [program, ...program.stages.map(({ covariance }) => covariance)].flatMap(({ example }) => example);
  return new Set(
    steps
      .filter(({ form, parameters }) => form === "draws" && parameters["stage"] === stage)
      .map(({ parameters }) => parameters["part"] as string),
  );
}

/** Two batches of one shape as one. */
function together(first: Batch, second: Batch): Batch {
  const n = first.shape[0] + second.shape[0];
  const data = new Float64Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  const shape = [n, ...first.shape.slice(1)] as unknown as Batch["shape"];
  if (first.mask === undefined && second.mask === undefined) return { ...first, shape, data };
  const [S, mask] = [positionsOf(first), new Uint8Array(n * positionsOf(first)).fill(1)];
  if (first.mask !== undefined) mask.set(first.mask);
  if (second.mask !== undefined) mask.set(second.mask, first.shape[0] * S);
  return { ...first, shape, data, mask };
}

function refuseMovedPadding({ covariance }: Stage, all: Batch): void {
  if (covariance.output.grid.join() === gridOf(all).join() || !hasPadding(all)) return;
  throw new LemniscateError({
    code: "NotSupported",
    where: "attention: samples",
    given: "padded examples behind a layer that moves positions",
    allowed: "padding on the positions of the data",
    mend: "Put the sampled attention before the window, or give examples of one length.",
  });
}

/** Rows Φ with ΦΦᵀ = the covariance of all positions of all examples: columns of N·S numbers. */
async function factorOf(
  engine: Engine,
  program: Program,
  all: EngineBatch,
  { signal, most }: { readonly signal: AbortSignal | undefined; readonly most: number },
): Promise<readonly Float64Array[]> {
  const [N, S] = [all.shape[0], positionCount(program.output)];
  const residual = new Float64Array(N * S);
  const own = (await engine.self(program, all, { signal }))["covariance"]!;
  for (let i = 0; i < N; i++) for (let s = 0; s < S; s++) residual[i * S + s] = own[(i * S + s) * S + s]!;
  const least = negligible * residual.reduce((max, variance) => Math.max(max, variance), 0);
  const columns: Float64Array[] = [];
  // A pivot is the position of an example that the columns so far explain least. Its row of the covariance takes a tile.
  for (let i = 0; i < N; ) {
    const left = (): number => residual.subarray(i * S).findIndex((variance) => variance > least);
    const at = left();
    if (at < 0) break;
    i += Math.floor(at / S);
    const last = Math.min(N, i + examplesAtOnce);
    const tiles = Array.from({ length: last - i }, (_, e) => ({
      rowFrom: i + e,
      rowTo: i + e + 1,
      columnFrom: 0,
      columnTo: N,
    }));
    const rows = new Map<number, Float64Array>();
    for await (const { tile, values } of engine.tiles(program, all, all, tiles, { signal }))
      rows.set(tile.rowFrom, Float64Array.from(values["covariance"]!));
    for (; i < last; i++) eliminate(rows.get(i)!, i, { N, S, residual, columns, least });
    const bytes = 8 * N * S * columns.length;
    if (bytes > most) throw tooLarge(N, S, bytes, most);
  }
  return columns;
}

/** Examples whose rows of the covariance are computed together. */
const examplesAtOnce = 8;

interface Elimination {
  readonly N: number;
  readonly S: number;
  /** Variances that the columns do not explain yet. */
  readonly residual: Float64Array;
  readonly columns: Float64Array[];
  readonly least: number;
}

/** Columns for what the covariance has in the positions of example i, the largest residual first. */
function eliminate(rows: Float64Array, i: number, { N, S, residual, columns, least }: Elimination): void {
  for (let round = 0; round < S; round++) {
    let pivot = 0;
    for (let s = 1; s < S; s++) if (residual[i * S + s]! > residual[i * S + pivot]!) pivot = s;
    const p = i * S + pivot;
    const variance = residual[p]!;
    if (variance <= least) return;
    const column = new Float64Array(N * S);
    for (let j = 0; j < N; j++) for (let t = 0; t < S; t++) column[j * S + t] = rows[(j * S + pivot) * S + t]!;
    for (const before of columns) {
      const factor = before[p]!;
      if (factor !== 0) for (let e = 0; e < column.length; e++) column[e]! -= factor * before[e]!;
    }
    const root = Math.sqrt(variance);
    for (let e = 0; e < column.length; e++) {
      // What is explained already is rounding, and would grow.
      column[e] = e === p ? root : residual[e]! <= least ? 0 : column[e]! / root;
      residual[e] = residual[e]! <= least ? residual[e]! : residual[e]! - column[e]! ** 2;
    }
    residual[p] = 0;
    columns.push(column);
  }
}

/** The draws of a stage: for each part that is read, of every example M blocks of S×S numbers. */
function drawAll(
  { draws }: Stage,
  index: number,
  factor: readonly Float64Array[],
  all: Batch,
  range: Range,
  parts: ReadonlySet<string>,
): ReadonlyMap<string, Float64Array> {
  const { S, weigh } = weigherOf(draws);
  const [first, last] = drawsIn(draws.samples, range);
  const [N, M, rank] = [all.shape[0], last - first, factor.length];
  const out = new Map([...parts].map((part) => [part, new Float64Array(N * M * S * S)] as const));
  // Rows of Φ, and behind which column those of each example are 0: columns count examples up.
  const phi = new Float64Array(N * S * rank);
  const ranks = new Int32Array(N);
  for (const [k, column] of factor.entries())
    for (let e = 0; e < N * S; e++) {
      phi[e * rank + k] = column[e]!;
      if (column[e] !== 0) ranks[Math.floor(e / S)] = k + 1;
    }
  const stream = child(randomKey(draws.seed), index);
  const numbers = new Float64Array(rank * rank);
  for (let m = 0; m < M; m++) {
    const B = inShells(normals(child(stream, first + m), numbers), rank);
    for (let n = 0; n < N; n++) {
      const own = ranks[n]!;
      const rows = { data: phi, offset: n * S * rank, step: rank, stride: 1 };
      const mixed = new Float64Array(S * own);
      addProduct({ data: mixed, offset: 0, step: own }, rows, B, { rows: S, columns: own, depth: own }, 1);
      const logits = new Float64Array(S * S);
      const left = { data: mixed, offset: 0, step: own, stride: 1 };
      addProduct({ data: logits, offset: 0, step: S }, left, rows, { rows: S, columns: S, depth: own }, 1);
      for (let e = 0; e < S * S; e++) logits[e]! *= draws.std;
      const present = all.mask?.subarray(n * S, (n + 1) * S);
      for (const [part, values] of out) values.set(weigh(logits, present, part), (n * M + m) * S * S);
    }
  }
  return out;
}

/**
 * Numbers in sequence as a square matrix: entry (k, l) is one whose place depends on k and l alone and not on the matrix's
 * size, so that further columns of a factor change nothing about the first ones.
 */
function inShells(numbers: Float64Array, size: number): Block {
  const data = new Float64Array(size * size);
  for (let k = 0; k < size; k++)
    for (let l = 0; l < size; l++) {
      const shell = Math.max(k, l);
      data[k * size + l] = numbers[shell * shell + (l === shell ? k : shell + 1 + l)]!;
    }
  return { data, offset: 0, step: size, stride: 1 };
}

function tooLarge(N: number, S: number, bytes: number, most: number): LemniscateError {
  return new LemniscateError({
    code: "NotSupported",
    where: "attention: samples",
    given: `${N} examples of ${S} positions, whose covariance has a factor of ${describeBytes(bytes)} and more`,
    allowed: `${describeBytes(most)}, the memory that there is for it`,
    mend: "Draws are made for all positions together: give fewer or shorter examples, or put no nonlinearity below, where the factor has a column for each channel.",
  });
}
