/** @module What a computation will take, before anything runs: operations, memory, and time at measured rates. */
import { describeBytes } from "../core/bytes.js";
import type { Engine } from "../engines/engine.js";
import { totalFlops } from "../program/cost.js";
import { si } from "../program/explain.js";
import type { Program } from "../program/program.js";
import { workOf } from "../program/work.js";
import { calibrate, type Rates } from "./calibrate.js";
import { holdingFor, type Memory } from "./memory.js";

/** What a kernel will take on this machine. */
export interface Estimate {
  /** Floating-point operations. */
  readonly flops: number;
  /** Bytes at once. */
  readonly bytes: {
    readonly result: number;
    readonly tapes: number;
    /** Working memory of all threads. */
    readonly scratch: number;
    /** All of it. */
    readonly peak: number;
  };
  /** Expected time, at rates measured on this machine. Padding is not known, and counted as if it were data. */
  readonly seconds: number;
  /** What takes the time, the most of it first. */
  readonly parts: readonly EstimatePart[];
  /** All of that in words. */
  readonly text: string;
}

/** Steps of one kind in one of a program's lists. */
export interface EstimatePart {
  /** The operation, and how often it runs: once for each example or for each pair. */
  readonly name: string;
  /** The measured rate that it runs at. */
  readonly rate: keyof Rates;
  readonly flops: number;
  readonly seconds: number;
}

/** What the program will take on an engine, which is measured first if nobody has yet. */
export async function estimate(
  engine: Engine,
  program: Program,
  n1: number,
  n2: number | null,
  memory: Memory | undefined,
): Promise<Estimate> {
  const holding = await holdingFor(engine, { program, n1, n2, as: "matrices" }, memory);
  const rates = await calibrate(engine);
  const { side, working, result } = holding;
  const scratch = await engine.bytes(program, 1, side);
  // Tapes are made again for each block of examples that needs them: rows for each range of columns, and the other way round.
  const [rows, columns] = [Math.ceil(n1 / holding.rows), Math.ceil((n2 ?? n1) / holding.columns)];
  const tapes = n2 === null ? n1 * rows : n1 * columns + n2 * rows;
  const { pairs } = totalFlops(program, n1, n2);
  const partsOf = (list: "example" | "pair" | "self", what: string, times: number): EstimatePart[] =>
    workOf(program, list).map(({ op, kind, flops, calls }) => ({
      name: `${op}, once for each ${what}`,
      rate: kind,
      flops: times * flops,
      seconds: times * (flops / rates[kind] + calls / rates.calls),
    }));
  const entries = n1 * (n2 ?? n1) * program.get.length;
  const parts = [
    ...partsOf("example", "example", tapes),
    ...partsOf("pair", "pair", pairs),
    ...(n2 === null ? partsOf("self", "example with itself", n1) : []),
    { name: "writing results", rate: "results" as const, flops: 0, seconds: entries / rates.results },
  ].sort((x, y) => y.seconds - x.seconds);
  const sum = (of: (part: EstimatePart) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const found = {
    flops: sum(({ flops }) => flops),
    bytes: { result, tapes: Math.max(0, working - scratch), scratch, peak: working + result },
    seconds: sum(({ seconds }) => seconds),
    parts,
  };
  return { ...found, text: describe(found, engine, rates) };
}

function describe({ flops, bytes, seconds, parts }: Omit<Estimate, "text">, engine: Engine, rates: Rates): string {
  const rows = parts.filter((part, i) => i < 8 && part.seconds > seconds / 100);
  const rest = seconds - rows.reduce((sum, part) => sum + part.seconds, 0);
  const { name, precision, threads } = engine;
  const line = (time: number, what: string): string =>
    `  ${duration(time).padStart(8)}  ${((100 * time) / seconds).toFixed(0).padStart(3)} %  ${what}`;
  return [
    `operations  ${si(flops)}flop`,
    `memory      ${describeBytes(bytes.peak)}: results ${describeBytes(bytes.result)}, tapes ${describeBytes(bytes.tapes)}, scratch ${describeBytes(bytes.scratch)}`,
    `time        about ${duration(seconds)} (${precision}, ${name} engine, ${threads} thread${threads === 1 ? "" : "s"})`,
    ...rows.map((part) => line(part.seconds, described(part, rates))),
    ...(rest > seconds / 100 ? [line(rest, "everything else")] : []),
  ].join("\n");
}

function described({ name, rate, flops }: EstimatePart, rates: Rates): string {
  return flops === 0 ? name : `${name}: ${si(flops)}flop at ${si(rates[rate])}flop/s`;
}

/** 0.0123 → `"12 ms"`, 90 → `"1.5 min"`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Number((1000 * seconds).toPrecision(2))} ms`;
  if (seconds < 60) return `${Number(seconds.toPrecision(2))} s`;
  return seconds < 3600
    ? `${Number((seconds / 60).toPrecision(2))} min`
    : `${Number((seconds / 3600).toPrecision(2))} h`;
}
