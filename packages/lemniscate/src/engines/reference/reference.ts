import { channelsOf, positionsOf, trimmed } from "../../core/batch.js";
import { graphMatrix } from "../../core/graphs.js";
import { pausing } from "../../core/run.js";
import { positionCount } from "../../core/shape.js";
import { numbers } from "../../ops/algebra.js";
import { elementwiseOps } from "../../ops/registry.js";
import { entriesOf } from "../../program/cost.js";
import { lengthsOn } from "../../program/lengths.js";
import type { Access, Operand, Program, Step } from "../../program/program.js";
import type { Draws, Engine, EngineBatch } from "../engine.js";
import { type Input, lowerings } from "./structural.js";
import { line, type Value } from "./values.js";

/**
 * The engine that defines what programs mean: double precision, one pair after another, loops as in the formulas.
 * Every other engine is tested against it.
 */
export function referenceEngine(): Engine {
  return {
    name: "reference",
    precision: "f64",
    threads: 1,
    vectorBits: 64,
    async *tiles(program, a, b, tiles, { signal } = {}) {
      const rest = pausing(signal);
      const tapeA = await tapes(program, a, rest);
      const tapeB = b === null ? tapeA : await tapes(program, b, rest);
      for (const tile of tiles) {
        const { rowFrom, rowTo, columnFrom, columnTo } = tile;
        const width = columnTo - columnFrom;
        const values = empty(program, (rowTo - rowFrom) * width);
        for (let i = rowFrom; i < rowTo; i++)
          for (let j = columnFrom; j < columnTo; j++) {
            const list = b === null && i === j ? "self" : "pair";
            write(values, program, list, tapeA[i]!, tapeB[j]!, (i - rowFrom) * width + j - columnFrom);
            await rest();
          }
        signal?.throwIfAborted();
        yield { tile, values };
      }
    },
    async bytes(program, examples, side) {
      const numbersOf = (steps: readonly Step[]): number =>
        steps.reduce((sum, step) => sum + entriesOf(program, step), 0);
      const pair = Math.max(numbersOf(program.pair), numbersOf(program.self));
      const tape = numbersOf(program.example) + positionCount(program.input) * (program.input.channels! + 1);
      return 8 * (examples * tape + pair + side ** 2 * program.get.length * positionCount(program.output) ** 2);
    },
    async self(program, a, { signal } = {}) {
      signal?.throwIfAborted();
      const rest = pausing(signal);
      const tape = await tapes(program, a, rest);
      const values = empty(program, tape.length);
      for (const [i, example] of tape.entries()) {
        write(values, program, "self", example, example, i);
        await rest();
      }
      return values;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** An example and all that its example list has computed. */
interface Tape {
  readonly input: Input;
  readonly values: readonly Value[];
}

async function tapes(program: Program, batch: EngineBatch, rest: () => Promise<void>): Promise<Tape[]> {
  const channels = channelsOf(batch);
  const stride = positionsOf(batch) * channels;
  const made: Tape[] = [];
  for (const [n, { length, presence }] of trimmed(batch, program.trimmed).entries()) {
    const x = Float64Array.from(batch.data.subarray(n * stride, n * stride + length * channels));
    for (let s = 0; s < length; s++) if (presence[s] === 0) x.fill(0, s * channels, (s + 1) * channels);
    const lengths = lengthsOn(program, length);
    const nodes = positionsOf(batch);
    const graph = batch.graphs === undefined ? new Float64Array(0) : graphMatrix(batch.graphs, nodes, n);
    const input: Input = {
      length,
      lengths,
      channels,
      x,
      presence: Float64Array.from(presence),
      nodes,
      graph,
      draws: drawsOf(batch, n),
    };
    made.push({ input, values: run(program.example, { input, values: [] }, { input, values: [] }) });
    await rest();
  }
  return made;
}

/** The draws of one example. */
function drawsOf({ shape, draws = {} }: EngineBatch, n: number): Draws {
  const each = Object.entries(draws).map(([key, data]) => {
    const size = data.length / shape[0];
    return [key, data.subarray(n * size, (n + 1) * size)] as const;
  });
  return Object.fromEntries(each);
}

/** Runs one list of steps between two examples. */
function run(steps: readonly Step[], a: Tape, b: Tape): Value[] {
  const here: Value[] = [];
  for (const step of steps) {
    const args = step.operands.map((operand) => read(operand, here, a, b));
    const structural = lowerings[step.op as keyof typeof lowerings];
    here.push(
      structural === undefined
        ? elementwise(step, args, a.input.lengths[step.space]!, b.input.lengths[step.space]!)
        : structural(args, step, a.input, b.input),
    );
  }
  return here;
}

function read({ from, step }: Operand, here: readonly Value[], a: Tape, b: Tape): Value {
  return (from === "here" ? here : from === "a" ? a.values : b.values)[step]!;
}

/** An elementwise operation: its formula on plain numbers, entry by entry. */
function elementwise(step: Step, args: readonly Value[], lengthA: number, lengthB: number): Value {
  const { formula } = elementwiseOps.get(step.op)!;
  const [rows, columns] =
    step.form === "block" ? [lengthA, lengthB] : [1, step.form === "value" ? 1 : Math.min(lengthA, lengthB)];
  /** How far apart an operand's numbers are for neighbouring rows and columns. */
  const strides: { readonly [A in Access]: readonly [number, number] } = {
    same: [columns, 1],
    row: [1, 0],
    column: [0, 1],
    number: [0, 0],
    whole: [0, 0],
  };
  const down = step.operands.map(({ access }) => strides[access][0]);
  const across = step.operands.map(({ access }) => strides[access][1]);
  const data = new Float64Array(rows * columns);
  const entry = args.map(() => 0);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      for (let n = 0; n < entry.length; n++) entry[n] = args[n]!.data[i * down[n]! + j * across[n]!]!;
      data[i * columns + j] = formula(numbers, entry, step.parameters);
    }
  return step.form === "block" ? { rows, columns, data } : line(data);
}

/** Room for `entries` results. */
function empty(program: Program, entries: number): Record<string, Float64Array> {
  const S = program.output.grid.reduce((product, size) => product * size, 1);
  return Object.fromEntries(program.get.map((key) => [key, new Float64Array(entries * S * S)]));
}

/** Runs a list and writes its results as entry `at`. Positions that an example lacks stay 0. */
function write(
  values: Record<string, Float64Array>,
  program: Program,
  list: "pair" | "self",
  a: Tape,
  b: Tape,
  at: number,
): void {
  const here = run(program[list], a, b);
  const S = program.output.grid.reduce((product, size) => product * size, 1);
  for (const [key, operand] of Object.entries(program.results[list])) {
    if (operand === null) continue;
    const { rows, columns, data } = read(operand, here, a, b);
    for (let s = 0; s < rows; s++) values[key]!.set(data.subarray(s * columns, (s + 1) * columns), (at * S + s) * S);
  }
}
