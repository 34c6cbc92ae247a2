import { describeShape, positionCount } from "../core/shape.js";
import { entriesOf, listFlops, tapeOf, totalFlops } from "./cost.js";
import type { Keyed, Operand, Program, Step } from "./program.js";

/**
 * A program as text: every step with its form, operands and cost, and the totals for `n1 × n2` examples (half the
 * pairs if the second batch is the first).
 */
export function explain(program: Program, n1: number, n2: number | null, bytesPerNumber: number): string {
  const S = positionCount(program.output);
  const lines = [`input   ${describeShape(program.input)}`, `output  ${describeShape(program.output)}`, ""];
  const list = (title: string, steps: readonly Step[], prefix: string, results: Keyed<Operand | null> = {}): void => {
    lines.push(title);
    const flops = listFlops(program, steps);
    for (const [i, step] of steps.entries()) {
      const reads = step.operands.map((operand) => name(operand, prefix)).join(", ");
      const call = `${step.op}(${reads})${settings(step)}`;
      lines.push(
        `  ${`${prefix}${i}`.padEnd(5)} ${step.form.padEnd(9)} ${call.padEnd(70)} ${si(flops[i]!)}flop${namesOf(results, i)}`,
      );
    }
    lines.push("");
  };
  list("once for each example", program.example, "e");
  list("for each pair of examples", program.pair, "p", program.results.pair);
  list("for an example with itself", program.self, "s", program.results.self);
  const tape = tapeOf(program).reduce((sum, i) => sum + entriesOf(program, program.example[i]!), 0);
  const { examples, example, pairs, pair, all } = totalFlops(program, n1, n2);
  const results = n1 * (n2 ?? n1) * program.get.length * S ** 2;
  lines.push(
    `${examples} examples × ${si(example)}flop, ${pairs} pairs × ${si(pair)}flop: ${si(all)}flop in all`,
    `tape ${si(tape * bytesPerNumber)}B per example (${si(tape * bytesPerNumber * examples)}B), result ${si(results * bytesPerNumber)}B`,
  );
  return lines.join("\n");
}

/** Which results a step is. */
function namesOf(results: Keyed<Operand | null>, step: number): string {
  const keys = Object.keys(results).filter((key) => results[key]?.from === "here" && results[key].step === step);
  return keys.length === 0 ? "" : ` → ${keys.join(", ")}`;
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
