import { describeShape, positionCount } from "../core/shape.js";
import { entriesOf, stepFlops, tapeOf } from "./cost.js";
import type { Operand, Program, Step } from "./program.js";

/**
 * A program as text: every step with its form, operands and cost, and the totals for `n1 × n2` examples (half the
 * pairs if the second batch is the first).
 */
export function explain(program: Program, n1: number, n2: number | null, bytesPerNumber: number): string {
  const S = positionCount(program.input);
  const lines = [`input   ${describeShape(program.input)}`, `output  ${describeShape(program.output)}`, ""];
  const list = (title: string, steps: readonly Step[], prefix: string): void => {
    lines.push(title);
    for (const [i, step] of steps.entries()) {
      const reads = step.operands.map((operand) => name(operand, prefix)).join(", ");
      const call = `${step.op}(${reads})${settings(step)}`;
      lines.push(
        `  ${`${prefix}${i}`.padEnd(5)} ${step.form.padEnd(9)} ${call.padEnd(70)} ${si(stepFlops(program, step, S, S))}flop`,
      );
    }
    lines.push("");
  };
  list("once for each example", program.example, "e");
  list("for each pair of examples", program.pair, "p");
  list("for an example with itself", program.self, "s");
  const total = (steps: readonly Step[]): number =>
    steps.reduce((sum, step) => sum + stepFlops(program, step, S, S), 0);
  const tape = tapeOf(program).reduce((sum, i) => sum + entriesOf(program, program.example[i]!, S, S), 0);
  const pairs = n2 === null ? (n1 * (n1 - 1)) / 2 : n1 * n2;
  const examples = n2 === null ? n1 : n1 + n2;
  const results = n1 * (n2 ?? n1) * program.get.length * (program.output.grid.length > 0 ? S * S : 1);
  const flops =
    total(program.example) * examples + total(program.pair) * pairs + (n2 === null ? total(program.self) * n1 : 0);
  lines.push(
    `${examples} examples × ${si(total(program.example))}flop, ${pairs} pairs × ${si(total(program.pair))}flop: ${si(flops)}flop in all`,
    `tape ${si(tape * bytesPerNumber)}B per example (${si(tape * bytesPerNumber * examples)}B), result ${si(results * bytesPerNumber)}B`,
  );
  return lines.join("\n");
}

function name(operand: Operand, prefix: string): string {
  const place = operand.from === "here" ? `${prefix}${operand.step}` : `${operand.from}.e${operand.step}`;
  return operand.access === "row" || operand.access === "column" ? `${place}:${operand.access}` : place;
}

function settings(step: Step): string {
  const entries = Object.entries(step.parameters).filter(([key]) => key !== "grid");
  return entries.length === 0 ? "" : ` {${entries.map(([key, value]) => `${key} ${short(value)}`).join(", ")}}`;
}

function short(value: unknown): string {
  return typeof value === "number" ? String(Number(value.toPrecision(5))) : String(value);
}

/** A count with a prefix: 1234567 → "1.23 M". */
export function si(value: number): string {
  const steps = [
    [1e15, "P"],
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const;
  for (const [size, prefix] of steps) if (value >= size) return `${Number((value / size).toPrecision(3))} ${prefix}`;
  return `${Math.round(value)} `;
}
