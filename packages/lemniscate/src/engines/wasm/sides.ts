/** @module What one side decides of a diagonal's entries, computed once for an example instead of for each of its pairs. */
import { perRootOp, rootOp } from "../../ops/correlation.js";
import { sidedRectifierOps } from "../../ops/duals/rectifier.js";
import type { Operand, Program, Step } from "../../program/program.js";

/**
 * Takes roots of variances and their reciprocals out of rectifiers on diagonals: two roots and two divisions less for an
 * entry that has three of each. On blocks functions take them out of their loops by themselves.
 */
export function withSides(program: Program): Program {
  const example = [...program.example];
  const known = new Map<string, number>();
  const made = ({ from, step }: Operand, op: string): Operand => {
    const key = `${op} ${step}`;
    const { form, space } = program.example[step]!;
    if (!known.has(key)) {
      const operands: Operand[] = [{ from: "here", step, access: "same" }];
      known.set(key, example.push({ op, form, operands, parameters: {}, space }) - 1);
    }
    return { from, step: known.get(key)!, access: "same" };
  };
  const side = (variance: Operand): Operand[] => [
    variance,
    made(variance, rootOp.name),
    made(variance, perRootOp.name),
  ];
  const pair = program.pair.map((step): Step => {
    const sided = sidedRectifierOps.get(step.op);
    const [pp, pq, qq] = step.operands as [Operand, Operand, Operand];
    if (sided === undefined || step.form !== "diagonal") return step;
    return { ...step, op: sided.name, operands: [...side(pp), pq, ...side(qq)] };
  });
  return { ...program, example, pair };
}
