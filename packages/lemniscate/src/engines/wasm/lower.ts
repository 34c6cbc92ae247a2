/** @module A program as instructions of this engine, with the functions they call. Plain data, sent to workers. */
import { isConstantBlock } from "../../ops/constant-blocks.js";
import { elementwiseOps, structuralOps } from "../../ops/registry.js";
import type { Operand, Program, Step } from "../../program/program.js";
import { bandSteps, scheduleBands, worthBands } from "./bands.js";
import type { Fused } from "./elementwise.js";
import { type Extent, type Instruction, type Plain, readersOf, schedule } from "./schedule.js";
import { withSides } from "./sides.js";

export interface Lowered {
  readonly program: Program;
  /** What is done for each example, with itself as well. */
  readonly example: readonly Instruction[];
  /** What is done for each pair of examples, on blocks of positions. */
  readonly pair: readonly Instruction[];
  /** What is done on a whole tile of pairs, where a pair has one number. */
  readonly tile: readonly Plain[];
  /** Numbers that the pair part leaves for the tile part or as results. */
  readonly exported: readonly number[];
  /** Example steps that are kept as they are: those that pairs read. */
  readonly tape: readonly number[];
  /** Example steps that are kept transposed: attention weights, which matrix products read so. */
  readonly transposed: readonly number[];
  /** Fused functions, in the order of their names `fused0`, `fused1`, … */
  readonly functions: readonly Fused[];
}

/** Translates a program. Blocks of `banded` positions or more are computed band by band, where that can be. */
export function lower(given: Program, banded: number = worthBands): Lowered {
  const joined = withSelf(given);
  const inBands = {
    example: bandSteps(joined, joined.example, banded),
    pair: bandSteps(joined, joined.pair, banded),
  };
  const program = withSides(joined, inBands);
  const tape = plainTape(program);
  const transposed = transposedSteps(program);
  const tiled = tileSteps(program);
  const pairResults = new Set(
    Object.values(program.results.pair).flatMap((operand) => (operand?.from === "here" ? [operand.step] : [])),
  );
  const readers = readersOf(program.pair);
  const exported = program.pair.flatMap((step, i) => {
    if (tiled.has(i) || step.form !== "value") return [];
    const forTile = readers[i]!.some((later) => tiled.has(later));
    return forTile || pairResults.has(i) ? [i] : [];
  });
  const all = (steps: readonly Step[]) => (i: number) => extentOf(steps[i]!);
  const pairExtent = (i: number): Extent => (tiled.has(i) ? "tile" : extentOf(program.pair[i]!));
  const pairKept = new Set([...exported, ...pairResults]);
  const functions = new Map<string, Fused>();
  // Equal functions become one object, by which an instruction finds its function.
  const one = (given: Fused): Fused => {
    const key = JSON.stringify(given);
    const fused = functions.get(key) ?? given;
    functions.set(key, fused);
    return fused;
  };
  const mergedPlain = (instruction: Plain): Plain =>
    instruction.kind === "fused"
      ? { ...instruction, fused: one(instruction.fused) }
      : { ...instruction, functions: instruction.functions.map(one) };
  const merged = (instructions: readonly Instruction[]): readonly Instruction[] =>
    instructions.map((instruction) =>
      instruction.kind === "bands"
        ? { ...instruction, instructions: instruction.instructions.map(mergedPlain) }
        : mergedPlain(instruction),
    );
  const exampleKept = new Set([...tape, ...transposed]);
  const lists = {
    example: merged(
      scheduleBands(true, program.example, all(program.example), () => true, exampleKept, inBands.example),
    ),
    pair: merged(scheduleBands(false, program.pair, pairExtent, (i) => !tiled.has(i), pairKept, inBands.pair)),
    tile: schedule(program.pair, pairExtent, (i) => tiled.has(i), pairResults).map(mergedPlain),
  };
  return { program, ...lists, exported, tape, transposed, functions: [...functions.values()] };
}

/**
 * The program with its `self` list behind the `example` list: K(x, x) is a number of an example like any other. Blocks
 * that nothing else reads need not be kept on the tape then.
 */
function withSelf(program: Program): Program {
  const first = program.example.length;
  const moved = (operand: Operand): Operand =>
    operand.from === "here" ? { ...operand, step: first + operand.step } : { ...operand, from: "here" };
  const self = program.self.map((step) => ({ ...step, operands: step.operands.map(moved) }));
  const results = Object.entries(program.results.self).map(
    ([key, operand]) => [key, operand === null ? null : { ...moved(operand), from: "a" as const }] as const,
  );
  return {
    ...program,
    example: [...program.example, ...self],
    self: [],
    results: { pair: program.results.pair, self: Object.fromEntries(results) },
  };
}

/** The name of the function that runs fused steps. */
export function functionName(lowered: Lowered, fused: Fused): string {
  return `fused${lowered.functions.indexOf(fused)}`;
}

function extentOf(step: Step): Extent {
  if (step.form === "block" || step.form === "inputs" || step.form === "channels" || step.form === "draws")
    return step.form;
  return step.form === "value" ? "number" : "line";
}

/** Matrices of inner products, of features or of pooled inputs, which lie side by side. */
const grams: ReadonlySet<string> = new Set([structuralOps.gram.name, structuralOps.pooledGram.name]);

/**
 * Steps of the pair list that run on whole tiles: one number a pair, made from such numbers alone, and read by nothing
 * that has positions.
 */
function tileSteps({ pair }: Program): ReadonlySet<number> {
  const readers = readersOf(pair);
  const tiled = new Set<number>();
  for (const [i, step] of [...pair.entries()].reverse()) {
    const onNumbers = elementwiseOps.has(step.op) || grams.has(step.op);
    const readByTiles = readers[i]!.every((later) => tiled.has(later));
    if (step.form === "value" && onNumbers && readByTiles) tiled.add(i);
  }
  return tiled;
}

/** Example steps that are read as weights. */
function transposedSteps(program: Program): number[] {
  const found = new Set<number>();
  const collect = (steps: readonly Step[], inExample: boolean): void => {
    for (const step of steps)
      for (const [i, operand] of step.operands.entries())
        if (readsWeights(step.op, i) && (inExample || operand.from !== "here")) found.add(operand.step);
  };
  collect(program.example, true);
  collect(program.pair, false);
  return [...found].sort((x, y) => x - y);
}

/**
 * Example steps that pairs read otherwise than as attention weights. Blocks of positions alone and draws are
 * not among them: they lie in places of their own, and no step writes them.
 */
function plainTape(program: Program): number[] {
  const found = new Set<number>();
  for (const step of program.pair)
    for (const [i, operand] of step.operands.entries())
      if (operand.from !== "here" && !readsWeights(step.op, i)) found.add(operand.step);
  for (const results of Object.values(program.results))
    for (const operand of Object.values(results))
      if (operand !== null && operand.from !== "here") found.add(operand.step);
  // They have no place but their home.
  for (const [step, { form }] of program.example.entries()) if (form === "channels") found.add(step);
  return [...found]
    .filter((step) => !isConstantBlock(program.example[step]!.op) && program.example[step]!.form !== "draws")
    .sort((x, y) => x - y);
}

/** Whether an operand is attention weights that are read transposed. */
export function readsWeights(op: string, operand: number): boolean {
  if (op === "sandwich") return operand !== 1;
  return (op === "mix" || op === "mixLine" || op === "compose") && operand === 0;
}
