/** @module What a step costs, counted from its own formula. */
import type { Algebra } from "../ops/algebra.js";
import type { ElementwiseOp, Parameters } from "../ops/op.js";
import { elementwiseOps, structuralOps } from "../ops/registry.js";
import type { Program, Step } from "./program.js";

/** Operations that one exponential, one arctangent and one angle take, in multiplications and additions of a polynomial engine. */
const exponential = 18;
const arctangent = 30;
const angle = 24;

/** Operations that an elementwise formula takes for one entry, by itself. */
export function formulaFlops(op: ElementwiseOp<Parameters>, parameters: Parameters): number {
  const counter = new CountingAlgebra();
  const args = op.roles.map((_, i) => counter.value(`argument ${i}`));
  op.formula(counter, args, parameters);
  return counter.count;
}

/**
 * Floating-point operations of each step of a list, between examples without padding. What two formulas have in common,
 * as the two kernels have their angle, is counted with the first of them.
 */
export function listFlops(program: Program, steps: readonly Step[]): readonly number[] {
  const counter = new CountingAlgebra();
  const values: (number | undefined)[] = [];
  return steps.map((step) => {
    const op = elementwiseOps.get(step.op);
    const S = positionsOf(program, step);
    values.push(undefined);
    if (op === undefined) return structuralFlops(program, step, S);
    const args = step.operands.map(({ from, step: index, access }) => {
      const here = from === "here" && access === "same" ? values[index] : undefined;
      return here ?? counter.value(`${from} ${index} ${access}`);
    });
    const before = counter.count;
    values[values.length - 1] = op.formula(counter, args, step.parameters);
    return (counter.count - before) * entriesOf(program, step);
  });
}

/** Floating-point operations of a list of steps. */
export function flopsOf(program: Program, steps: readonly Step[]): number {
  return listFlops(program, steps).reduce((sum, flops) => sum + flops, 0);
}

function structuralFlops(program: Program, step: Step, S: number): number {
  return structuralOps[step.op as keyof typeof structuralOps].flops(
    step.form,
    S,
    S,
    program.input.channels ?? 1,
    step.parameters,
  );
}

/** Numbers the values of formulas, equal ones alike, and counts the operations that each takes when it is new. */
class CountingAlgebra implements Algebra<number> {
  count = 0;
  readonly #known = new Map<string, number>();

  value(name: string, flops = 0): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    this.count += flops;
    this.#known.set(name, this.#known.size);
    return this.#known.size - 1;
  }

  readonly constant = (x: number): number => this.value(String(x));
  readonly add = this.#op("add", 1);
  readonly sub = this.#op("sub", 1);
  readonly mul = this.#op("mul", 1);
  readonly div = this.#op("div", 1);
  readonly fma = this.#op("fma", 2);
  readonly min = this.#op("min", 1);
  readonly max = this.#op("max", 1);
  readonly abs = this.#op("abs", 1);
  readonly sqrt = this.#op("sqrt", 1);
  readonly choose = this.#op("choose", 1);
  readonly exp = this.#op("exp", exponential);
  readonly atan2 = this.#op("atan2", arctangent);
  readonly angle = this.#op("angle", angle);
  readonly angleExcess = this.#op("angleExcess", angle);

  #op(name: string, flops: number): (...args: readonly number[]) => number {
    return (...args) => this.value(`${name}(${args})`, flops);
  }
}

/** Floating-point operations of a program's lists, for `n1 × n2` examples (half the pairs if there is no second batch). */
export function totalFlops(program: Program, n1: number, n2: number | null): Totals {
  const [example, pair] = [flopsOf(program, program.example), flopsOf(program, program.pair)];
  const examples = n2 === null ? n1 : n1 + n2;
  const pairs = n2 === null ? (n1 * (n1 - 1)) / 2 : n1 * n2;
  const all = example * examples + pair * pairs + (n2 === null ? flopsOf(program, program.self) * n1 : 0);
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
  if (step.form === "draws") return S * S * (step.parameters["samples"] as number);
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
