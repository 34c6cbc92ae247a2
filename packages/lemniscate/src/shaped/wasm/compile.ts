/** @module A step as a WebAssembly module: operations become SIMD formulas of their entries, two paths in a vector. */
import { type Local, ModuleBuilder } from "../../engines/wasm/assembler.js";
import { ConstantTable, emitVectors, formatOf, type Vector, VectorAlgebra } from "../../engines/wasm/vector.js";
import { attempts, type Phase, type StepProgram, type Value } from "../steps/steps.js";
import { type Closed, expand } from "./expand.js";
import { folding } from "./folding.js";
import { defineHiddenGram, pairOf } from "./hidden.js";
import { defineChi, defineNormals, type Surroundings } from "./random.js";

/** The code of a step and its places in memory, for `paths` paths at once: entry after entry, neighbours next to each other. */
export interface CompiledStep {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What memory has to hold before anything is called. */
  readonly tables: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  readonly paths: number;
  readonly places: Places;
  readonly memory: number;
}

export interface Places {
  readonly keys: number;
  readonly streams: readonly [number, number];
  /** In both lanes: the radius, and the number of the step that is being made, from 1. */
  readonly radius: number;
  readonly now: number;
  /** In both lanes: a number that depends on the phase. */
  readonly phased: readonly { readonly at: number; readonly numbers: Readonly<Record<Phase, number>> }[];
  readonly stoppedAfter: number;
  readonly state: number;
}

/** Vectors of neighbouring paths whose instructions stand beside each other: more hides the time that each takes. */
const unroll = 2;

/** Instructions of a function, at most but for its last operation: compilers of machine code are slow with long ones. */
const longest = 1500;
/** Instructions of a whole step beyond which the reference is the better choice. */
const tooMany = 200_000;

/** Neurons of a hidden layer that a group of paths has in a step, at most: whoever aborts waits for the end of one. */
const mostNeurons = 2 ** 22;

/**
 * The step as code, or `undefined` if one of its operations is not for this engine, or its matrices are too large.
 *
 * @param share - how many paths there are for a thread: groups are not larger than that
 */
export function compileStep(program: StepProgram, fma: boolean, share = 64): CompiledStep | undefined {
  if (program.tokens ** 3 * program.operations.length > tooMany * 4) return undefined;
  if (program.operations.some(({ operation }) => operation.type === "clipEigenvalues")) return undefined;
  // Places are counted once with a guess of the paths, to choose as many as the cache likes.
  const { memory } = new Writer(program, fma, 8).write();
  const widths = program.operations.map(({ operation }) => (operation.type === "hiddenGram" ? operation.width : 1));
  const most = Math.min(64, (8 * 2 ** 18) / memory, mostNeurons / Math.max(...widths), share);
  return new Writer(program, fma, Math.max(8, 2 ** Math.floor(Math.log2(most)))).write();
}

const tableBytes = 1 << 14;

class Writer {
  readonly #program: StepProgram;
  readonly #paths: number;
  readonly #module = new ModuleBuilder();
  readonly #algebra: VectorAlgebra;
  readonly #at: Surroundings;
  readonly #single: ConstantTable;
  readonly #places: Places & { readonly phased: { at: number; numbers: Readonly<Record<Phase, number>> }[] };
  /** Where the step's normal numbers begin. */
  readonly #normals: number;
  /** Calls of a step in their order: a function and its fixed arguments; block and step come first where it draws. */
  readonly #calls: { readonly index: number; readonly block?: number; readonly places: readonly number[] }[] = [];
  readonly #entries = new Map<number, readonly Vector[]>();
  readonly #lastUse = new Map<number, number>();
  #next: number;
  /** Values made by the function that is being collected. */
  #open: number[] = [];
  #counted = new Set<Vector>();

  constructor(program: StepProgram, fma: boolean, paths: number) {
    this.#program = program;
    this.#paths = paths;
    const format = formatOf("f64", fma);
    this.#algebra = new VectorAlgebra(format);
    const [constants, single] = [16, 16 + tableBytes];
    this.#single = new ConstantTable(formatOf("f32", fma), single);
    this.#next = single + tableBytes;
    const keys = this.#room(320);
    const streams = [this.#room(4 * paths), this.#room(4 * paths)] as const;
    this.#places = {
      keys,
      streams,
      radius: this.#room(16),
      now: this.#room(16),
      phased: [],
      stoppedAfter: this.#room(8 * paths),
      state: this.#room(8 * paths * program.states * program.tokens ** 2),
    };
    this.#normals = this.#room(16 * paths * Math.ceil(program.normals / 2));
    this.#at = { format, constants: new ConstantTable(format, constants), keys, streams, paths };
  }

  write(): CompiledStep {
    const { operations, next } = this.#program;
    for (const [n, { operation }] of operations.entries())
      for (const { id } of operandsOf(operation)) this.#lastUse.set(id, n);
    for (const { id } of next) this.#lastUse.set(id, Number.POSITIVE_INFINITY);
    const pairs = Math.ceil(this.#program.normals / 2);
    if (pairs > 0)
      this.#calls.push({ index: defineNormals(this.#module, this.#at, this.#normals, pairs), block: 0, places: [] });
    for (const [n, { operation, value }] of operations.entries())
      if (this.#lastUse.has(value.id)) this.#operation(n, operation, value);
    this.#flush(Number.POSITIVE_INFINITY, this.#nextState());
    this.#module.define("step", ["i32"], (f) => {
      for (const { index, block, places } of this.#calls) {
        if (block !== undefined) f.i32(block).get(0);
        for (const place of places) f.i32(place);
        f.call(index);
      }
    });
    const tables = [
      { at: 16, bytes: this.#at.constants.bytes() },
      { at: 16 + tableBytes, bytes: this.#single.bytes() },
    ];
    const bytes = this.#module.bytes(false);
    return { bytes, tables, paths: this.#paths, places: this.#places, memory: this.#next };
  }

  #operation(n: number, operation: StepProgram["operations"][number]["operation"], value: Value): void {
    const { id, rows, columns } = value;
    const zero = this.#algebra.constant(0);
    const drawn = (k: number): Vector => this.#algebra.input(this.#normals + 8 * this.#paths * k);
    switch (operation.type) {
      case "state": {
        const size = 8 * this.#paths;
        const from = this.#places.state + operation.index * rows * columns * size;
        this.#entries.set(
          id,
          Array.from({ length: rows * columns }, (_, k) => {
            // A state is symmetric: one of two equal entries is enough.
            const [i, j] = [Math.floor(k / columns), k % columns];
            return this.#algebra.input(from + (Math.max(i, j) * columns + Math.min(i, j)) * size);
          }),
        );
        return;
      }
      case "constant":
        this.#entries.set(
          id,
          operation.entries.map((x) => this.#algebra.constant(x)),
        );
        return;
      case "phased": {
        const at = this.#room(16);
        this.#places.phased.push({ at, numbers: operation.numbers });
        this.#entries.set(id, [this.#algebra.input(at)]);
        return;
      }
      case "normals": {
        const entries: Vector[] = new Array<Vector>(rows * columns).fill(zero);
        for (const [k, place] of operation.places.entries()) entries[place] = drawn(operation.from + k);
        this.#entries.set(id, entries);
        return;
      }
      case "bartlett": {
        const { dof, from, block } = operation;
        const entries: Vector[] = new Array<Vector>(rows * rows).fill(zero);
        for (let i = 0, k = from; i < rows; i++) {
          for (let j = 0; j < i; j++) entries[i * rows + j] = drawn(k++);
          const place = this.#place();
          const index = defineChi(this.#module, this.#at, `chi${id}-${i}`, (dof - i) / 2);
          this.#calls.push({ index, block: block + i * attempts, places: [place] });
          entries[i * rows + i] = this.#algebra.input(place);
        }
        this.#entries.set(id, entries);
        return;
      }
      case "hiddenGram": {
        this.#flush(n - 1);
        const { factor, width, neuron, block } = operation;
        const out = Array.from({ length: (rows * (rows + 1)) / 2 }, () => this.#place());
        const entries = this.#entries.get(factor.id)!.map((entry) => (entry === zero ? undefined : entry.value));
        const layer = { factor: entries, rows, columns: factor.columns, width, neuron, out };
        const index = defineHiddenGram(this.#module, this.#at, this.#single, `hidden${id}`, layer);
        this.#calls.push({ index, block, places: [] });
        const made: Vector[] = new Array<Vector>(rows * rows);
        for (const [at, place] of out.entries()) {
          const [i, j] = pairOf(at);
          made[i * rows + j] = made[j * rows + i] = this.#algebra.input(place);
        }
        this.#entries.set(id, made);
        return;
      }
      default: {
        const of = (operand: Value): readonly Vector[] => this.#entries.get(operand.id)!;
        const made = expand(folding(this.#algebra), operation as Closed, value, of);
        this.#entries.set(id, made);
        this.#open.push(id);
        this.#count(made);
        if (this.#counted.size > longest) this.#flush(n);
      }
    }
  }

  /** Ends the function that is being collected: what is read behind operation `n` is put into memory. */
  #flush(n: number, last: readonly (readonly [Vector, number])[] = []): void {
    const stored = new Map<Vector, number>(last);
    for (const id of this.#open) {
      if (this.#lastUse.get(id)! <= n || last.length > 0) continue;
      for (const entry of this.#entries.get(id)!)
        if (entry.kind === "instruction" && !stored.has(entry)) stored.set(entry, this.#place());
    }
    const pairs = [...stored];
    if (pairs.length > 0) this.#calls.push({ index: this.#define(pairs), places: [] });
    const place = (entry: Vector): Vector => {
      const at = stored.get(entry);
      return at === undefined ? entry : this.#algebra.input(at);
    };
    for (const id of this.#open) this.#entries.set(id, this.#entries.get(id)!.map(place));
    this.#open = [];
    this.#counted = new Set();
  }

  #define(results: readonly (readonly [Vector, number])[]): number {
    return this.#module.define(`part${this.#calls.length}`, [], (f) => {
      const [lane, end] = [f.local(), f.local()];
      f.i32(8 * this.#paths).set(end);
      const { radius, now, phased } = this.#places;
      const fixed = new Set([radius, now, ...phased.map(({ at }) => at)]);
      f.while(lane, end, 16 * unroll, () => {
        const load = (place: number): readonly Local[] =>
          Array.from({ length: unroll }, (_, u) => {
            const local = f.local("v128");
            if (fixed.has(place)) f.i32(0).mem("v128.load", place);
            else f.get(lane).mem("v128.load", place + 16 * u);
            f.set(local);
            return local;
          });
        const made = emitVectors(
          f,
          this.#at.constants,
          results.map(([vector]) => vector),
          load,
          unroll,
        );
        for (const [i, locals] of made.entries())
          for (const [u, local] of locals.entries())
            f.get(lane)
              .get(local)
              .mem("v128.store", results[i]![1] + 16 * u);
      });
    });
  }

  /** The state behind the step, paths that have stopped left as they are: see `Mover`. */
  #nextState(): (readonly [Vector, number])[] {
    const { tokens: m, states, next } = this.#program;
    const a = this.#algebra;
    const size = 8 * this.#paths;
    const lower = Array.from({ length: (m * (m + 1)) / 2 }, (_, at) => pairOf(at));
    const place = (s: number, i: number, j: number): number => this.#places.state + ((s * m + i) * m + j) * size;
    const made = next.map(({ id }, s) =>
      lower.map(([i, j]) => ({ to: place(s, i, j), on: i === j, now: this.#entries.get(id)![i * m + j]! })),
    );
    const all = made.flat().map((entry) => ({ ...entry, before: a.input(entry.to) }));
    const trace = (of: "now" | "before"): Vector =>
      a.mul(
        a.constant(1 / states),
        all
          .filter(({ on }) => on)
          .map((entry) => entry[of])
          .reduce((x, y) => a.add(x, y)),
      );
    // x − x is 0 for finite x, and otherwise NaN, which is not ≤ 0.
    const wild = all.map(({ now }) => a.sub(now, now)).reduce((x, y) => a.add(x, y));
    const [radius, now, stopped] = [this.#places.radius, this.#places.now, this.#places.stoppedAfter].map((at) =>
      a.input(at),
    ) as [Vector, Vector, Vector];
    const [zero, most, never] = [0, 1e300, Number.POSITIVE_INFINITY].map((x) => a.constant(x)) as [
      Vector,
      Vector,
      Vector,
    ];
    const scale = a.div(a.add(radius, radius), trace("before"));
    const stops = a.choose(wild, zero, a.choose(trace("now"), radius, never, now), now);
    return [
      ...all.map(({ to, now, before }) => {
        const after = a.choose(stopped, most, before, a.choose(wild, zero, now, a.mul(before, scale)));
        return [after, to] as const;
      }),
      [a.choose(stopped, most, stopped, stops), this.#places.stoppedAfter] as const,
    ];
  }

  #count(entries: readonly Vector[]): void {
    for (const entry of entries) {
      if (entry.kind !== "instruction" || this.#counted.has(entry)) continue;
      this.#counted.add(entry);
      this.#count(entry.args);
    }
  }

  #place(): number {
    return this.#room(8 * this.#paths);
  }

  #room(bytes: number): number {
    const at = this.#next;
    this.#next += Math.ceil(bytes / 16) * 16;
    return at;
  }
}

function operandsOf(operation: StepProgram["operations"][number]["operation"]): readonly Value[] {
  switch (operation.type) {
    case "entrywise":
      return operation.operands.map(([value]) => value);
    case "product":
      return [operation.a, operation.b];
    case "hiddenGram":
      return [operation.factor];
    case "state":
    case "constant":
    case "phased":
    case "normals":
    case "bartlett":
      return [];
    default:
      return [operation.of];
  }
}
