/** @module What one side decides of an entry, computed once for an example instead of for each of its pairs or bands. */
import { perRootOp, rootOp } from "../../ops/correlation.js";
import { sidedRectifierOps } from "../../ops/duals/rectifier.js";
import type { Operand, Program, Step } from "../../program/program.js";

/**
 * Takes roots of variances and their reciprocals out of rectifiers on diagonals and in bands, whose rows are short: two
 * roots and two divisions less for an entry of a diagonal that has three of each. On whole blocks functions take them
 * out of their loops by themselves.
 */
export function withSides(
  program: Program,
  inBands: Readonly<Record<"example" | "pair", ReadonlySet<number>>>,
): Program {
  const example = [...program.example];
  const known = new Map<string, number>();
  const made = ({ from, step, access }: Operand, op: string): Operand => {
    const key = `${op} ${step}`;
    const { form, space } = program.example[step]!;
    if (!known.has(key)) {
      const operands: Operand[] = [{ from: "here", step, access: "same" }];
      known.set(key, example.push({ op, form, operands, parameters: {}, space }) - 1);
    }
    return { from, step: known.get(key)!, access };
  };
  const side = (variance: Operand): Operand[] => [
    variance,
    made(variance, rootOp.name),
    made(variance, perRootOp.name),
  ];
  const sided = (step: Step): Step => {
    const op = sidedRectifierOps.get(step.op);
    const [pp, pq, qq] = step.operands as [Operand, Operand, Operand];
    return op === undefined ? step : { ...step, op: op.name, operands: [...side(pp), pq, ...side(qq)] };
  };
  const pair = program.pair.map((step, i) => (step.form === "diagonal" || inBands.pair.has(i) ? sided(step) : step));
  for (const i of inBands.example) example[i] = sided(example[i]!);
  return { ...program, example, pair };
}
