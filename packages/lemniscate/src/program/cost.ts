/** @module What a step costs, counted from its own formula. */
import type { Algebra } from "../ops/algebra.js";
import type { ElementwiseOp, Parameters } from "../ops/op.js";
import { elementwiseOps, structuralOps } from "../ops/registry.js";
import type { Program, Step } from "./program.js";

/** Operations that one exponential, one arctangent and one angle take, in multiplications and additions of a polynomial engine. */
const exponential = 18;
const arctangent = 30;
const angle = 24;

/** Operations that an elementwise formula takes for one entry: it is run on an algebra that counts. */
export function formulaFlops(op: ElementwiseOp<Parameters>, parameters: Parameters): number {
  let count = 0;
  const costing = (flops: number) => (): number => {
    count += flops;
    return 0;
  };
  const one = costing(1);
  const counter: Algebra<number> = {
    constant: () => 0,
    add: one,
    sub: one,
    mul: one,
    div: one,
    fma: costing(2),
    min: one,
    max: one,
    abs: one,
    sqrt: one,
    choose: one,
    exp: costing(exponential),
    atan2: costing(arctangent),
    angle: costing(angle),
    angleExcess: costing(angle),
  };
  op.formula(
    counter,
    op.roles.map(() => 0),
    parameters,
  );
  return count;
}

/** Floating-point operations of a step between examples without padding. */
export function stepFlops(program: Program, step: Step): number {
  const elementwise = elementwiseOps.get(step.op);
  if (elementwise !== undefined) return formulaFlops(elementwise, step.parameters) * entriesOf(program, step);
  const structural = structuralOps[step.op as keyof typeof structuralOps];
  const S = positionsOf(program, step);
  return structural.flops(step.form, S, S, program.input.channels ?? 1, step.parameters);
}

/** Floating-point operations of a program's lists, for `n1 × n2` examples (half the pairs if there is no second batch). */
export function totalFlops(program: Program, n1: number, n2: number | null): Totals {
  const total = (steps: readonly Step[]): number => steps.reduce((sum, step) => sum + stepFlops(program, step), 0);
  const [example, pair] = [total(program.example), total(program.pair)];
  const examples = n2 === null ? n1 : n1 + n2;
  const pairs = n2 === null ? (n1 * (n1 - 1)) / 2 : n1 * n2;
  const all = example * examples + pair * pairs + (n2 === null ? total(program.self) * n1 : 0);
  return { examples, example, pairs, pair, all };
}

/** Numbers of examples and pairs, operations for one of them, and for all. */
interface Totals {
  readonly examples: number;
  readonly example: number;
  readonly pairs: number;
  readonly pair: number;
  readonly all: number;
}

/** Numbers that a step leaves for examples without padding. */
export function entriesOf(program: Program, step: Step): number {
  const S = positionsOf(program, step);
  if (step.form === "inputs") return S * (program.input.channels ?? 1);
  if (step.form === "channels") return program.input.channels ?? 1;
  if (step.form === "block") return S * S;
  return step.form === "value" ? 1 : S;
}

function positionsOf({ spaces }: Program, { space }: Step): number {
  return spaces[space]!.reduce((product, size) => product * size, 1);
}

/** Indices of the example steps that pairs read: what must be kept for each example. */
export function tapeOf(program: Program): readonly number[] {
  const read = new Set<number>();
  for (const step of program.pair)
    for (const operand of step.operands) if (operand.from !== "here") read.add(operand.step);
  for (const operand of Object.values(program.results.pair))
    if (operand !== null && operand.from !== "here") read.add(operand.step);
  return [...read].sort((x, y) => x - y);
}
