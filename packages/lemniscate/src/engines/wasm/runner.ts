/** @module Runs a program on one thread. Workers have one runner each; they share memory but no scratch. */

import { positionCount } from "../../core/shape.js";
import type { Keyed, Program } from "../../program/program.js";
import type { Numbers, Tile } from "../engine.js";
import { bindBands } from "./band-calls.js";
import type { Call } from "./context.js";
import { frameHead } from "./elementwise.js";
import type { Layout } from "./layout.js";
import { functionName, type Lowered, readsWeights } from "./lower.js";
import { type Area, Panels, type Side } from "./panels.js";
import { type Found, findPlace, type List } from "./places.js";
import type { Bands, Extent, Instruction, Place, Plain } from "./schedule.js";
import { type Entry, entryOf } from "./slots.js";
import { lowerings } from "./structural.js";
import type { Format } from "./vector.js";

/** All that a thread needs to run a program. Everything can be sent to a worker. */
export interface Setup {
  readonly lowered: Lowered;
  readonly layout: Layout;
  readonly format: Format;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Floating-point operations of the job, about. */
  readonly flops: number;
  /** Whether examples have functions applied that only the calling thread knows. */
  readonly tapesHere: boolean;
}

type Values = Keyed<Numbers>;
type Functions = Readonly<Record<string, (...args: number[]) => void>>;

/** A result: where it lies and whether it is a block. */
interface Result {
  readonly key: string;
  readonly step: number;
  readonly found: Found;
  readonly isBlock: boolean;
}

/** A call for all pairs of an area; only those on and above the diagonal are read later if it is a triangle. */
type TileCall = (area: Area, triangle: boolean) => void;

/** Thrown where work ends because nobody wants it any more. */
export class Stopped extends Error {}

export class Runner {
  readonly #setup: Setup;
  readonly #functions: Functions;
  readonly #numbers: Numbers;
  readonly #words: Int32Array;
  readonly #scratch: number;
  readonly #panels: Panels;
  readonly #example: readonly Call[];
  readonly #pair: readonly Call[];
  readonly #tile: readonly TileCall[];
  readonly #results: Readonly<Record<"pair" | "self", readonly Result[]>>;
  /** Keys of results that are not written in every place: blocks of shorter examples, and zeros that nobody computes. */
  readonly #partial: readonly string[];
  readonly #S: number;
  readonly #stopped: () => boolean;

  /** `stopped` is asked between any two calls, so that work ends soon, by throwing {@link Stopped}. */
  constructor(setup: Setup, worker: number, stopped: () => boolean) {
    this.#stopped = stopped;
    const { lowered, layout, memory, module, format } = setup;
    this.#setup = setup;
    this.#functions = new WebAssembly.Instance(module, { env: { memory } }).exports as Functions;
    this.#numbers = format.scalar === "f32" ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#scratch = layout.scratch + worker * layout.scratchBytes;
    this.#panels = new Panels({
      layout,
      format,
      numbers: this.#numbers,
      call: this.#functions,
      spare: this.#scratch + layout.product,
      check: () => this.#check(),
    });
    this.#S = positionCount(lowered.program.output);
    this.#example = lowered.example.map((instruction) => this.#bind("example", instruction));
    this.#pair = lowered.pair.map((instruction) => this.#bind("pair", instruction));
    this.#tile = lowered.tile.map((instruction) => this.#bindTile(instruction));
    this.#results = { pair: this.#resultsOf("pair"), self: this.#resultsOf("self") };
    const whole = this.#results.pair.filter(({ isBlock }) => !isBlock).map(({ key }) => key);
    this.#partial = lowered.program.get.filter((key) => !whole.includes(key));
  }

  /** Makes the tape of an example, and those of others that are made with it; see `together`. */
  example(e: number): void {
    const { lowered, layout } = this.#setup;
    const count = layout.together[e]!;
    if (count === 0) return;
    if (layout.features) this.#panels.place(e, count);
    else if (layout.squares.length > 0) this.#square(e);
    this.#run(this.#example, e, e);
    if (layout.features) return;
    for (const [step, squares] of layout.pooledSquares) this.#panels.square({ at: layout.tape.get(step)!, squares }, e);
    for (const step of lowered.tape)
      if (lowered.program.example[step]!.form === "value")
        this.#write(layout.tape.get(step)![e]!, this.#read(this.#scratch + layout.offsets.example.get(step)!));
  }

  /** Inner products of an example's inputs with themselves. */
  #square(e: number): void {
    const { squares, inputs, lengths, strides, channels } = this.#setup.layout;
    const [x, stride] = [inputs[e]!, strides[e]!];
    this.#functions["columnDots"]!(x, x, squares[e]!, lengths[e]!, channels, stride, stride);
  }

  /** What the results of a pair are made of. */
  get entry(): Entry {
    return entryOf(this.#setup.lowered.program, this.#setup.format);
  }

  /** Computes a tile's values. `symmetric` says that both sides are one batch; then entries below the diagonal are mirrored. */
  tile({ rowFrom, rowTo, columnFrom, columnTo }: Tile, symmetric: boolean, values: Values): void {
    const { lowered, layout } = this.#setup;
    const [rows, columns] = [rowTo - rowFrom, columnTo - columnFrom];
    const [a, b] = [rowFrom, (symmetric ? 0 : layout.examplesA) + columnFrom];
    for (const key of this.#partial) values[key]!.fill(0);
    const onDiagonal = symmetric && rowFrom === columnFrom;
    const area = this.#panels.areaOf(a, b, rowFrom, columnFrom, rows, columns);
    if (this.#pair.length > 0)
      for (let i = 0; i < rows; i++)
        for (let j = onDiagonal ? i + 1 : 0; j < columns; j++) {
          this.#run(this.#pair, a + i, b + j);
          for (const step of lowered.exported)
            this.#write(
              this.#tileAddress(step, area, i, j),
              this.#read(this.#scratch + layout.offsets.pair.get(step)!),
            );
          this.#copyBlocks(values, "pair", a + i, b + j, i * columns + j);
        }
    for (const call of this.#tile) {
      this.#check();
      call(area, onDiagonal);
    }
    this.#copyTiles(values, area, rows, columns);
    if (onDiagonal) {
      for (let i = 0; i < rows; i++) this.#fillSelf(a + i, values, i * columns + i);
      if (this.#S === 1) mirror(values, rows);
    }
  }

  /** Writes K(x, x) of an example as entry `at` of the values. */
  #fillSelf(e: number, values: Values, at: number): void {
    for (const { key, found, isBlock } of this.#results.self)
      if (!isBlock) values[key]![at] = this.#read(found.address(e, e));
    this.#copyBlocks(values, "self", e, e, at);
  }

  #resultsOf(list: "pair" | "self"): Result[] {
    const { program } = this.#setup.lowered;
    const entries = Object.entries(program.results[list]);
    return entries.flatMap(([key, operand]) => {
      if (operand === null) return [];
      const { from, step } = operand;
      const isBlock = (from === "here" ? program.pair : program.example)[step]!.form === "block";
      return [{ key, step, found: this.#find("pair", operand), isBlock }];
    });
  }

  #find(list: List, place: Place, weights = false): Found {
    // Numbers of a pair that are made on tiles have no place among a pair's own.
    const { lowered, layout } = this.#setup;
    return findPlace({ lowered, layout, scratch: this.#scratch }, list, place, weights);
  }

  /** An instruction as a call, with everything looked up that does not depend on the examples. */
  #bind(list: List, instruction: Instruction): Call {
    const { layout, format } = this.#setup;
    if (instruction.kind === "fused") return this.#bindFused(list, instruction);
    if (instruction.kind === "bands") return this.#bindBands(list, instruction);
    const { op, form, parameters, inputs, output, space } = instruction;
    const fused = instruction.functions.map((each) => this.#functions[functionName(this.#setup.lowered, each)]!);
    const call = lowerings[op as keyof typeof lowerings]({
      layout,
      space: layout.spaces[space]!,
      form,
      parameters,
      inputs: inputs.map((place, i) => this.#find(list, place, readsWeights(op, i))),
      output: this.#find(list, { from: "here", step: output }),
      spare: this.#scratch + layout.product,
      format,
      call: this.#functions,
      fused: (index, rows, columns, streams) => {
        this.#words.set(streams, this.#openFrame(rows, columns));
        fused[index]!(this.#frame);
      },
      check: () => this.#check(),
      numbers: this.#numbers,
      read: (address) => this.#read(address),
      write: (address, value) => this.#write(address, value),
      clear: (at, bytes) => this.#words.fill(0, at / 4, (at + bytes) / 4),
      copy: (from, to, bytes) => this.#words.copyWithin(to / 4, from / 4, (from + bytes) / 4),
    });
    return this.#alsoTransposed(list, [output], call);
  }

  #bindBands(list: List, bands: Bands): Call {
    const { layout, format, lowered } = this.#setup;
    const call = bindBands(bands, {
      layout,
      format,
      grid: lowered.program.spaces[bands.space] as [number, number],
      offsets: layout.bandOffsets[list],
      scratch: this.#scratch,
      words: this.#words,
      call: this.#functions,
      fused: (fused) => this.#functions[functionName(lowered, fused)]!,
      find: (place) => this.#find(list, place),
      read: (address) => this.#read(address),
      write: (address, value) => this.#write(address, value),
      check: () => this.#check(),
    });
    return this.#alsoTransposed(list, bands.whole, call);
  }

  #bindFused(list: List, instruction: Instruction & { readonly kind: "fused" }): Call {
    const { spaces, together } = this.#setup.layout;
    const { lengths } = spaces[instruction.space]!;
    const streams = [
      ...instruction.inputs.map((place) => this.#find(list, place)),
      ...instruction.outputs.map((step) => this.#find(list, { from: "here", step })),
    ];
    const run = this.#functions[functionName(this.#setup.lowered, instruction.fused)]!;
    const height: Readonly<Record<Extent, Call2>> = {
      block: (a) => lengths[a]!,
      line: one,
      number: one,
      tile: one,
      inputs: one,
      channels: one,
      draws: one,
    };
    const width: Readonly<Record<Extent, Call2>> = {
      block: (_, b) => lengths[b]!,
      line: (a, b) => Math.min(lengths[a]!, lengths[b]!),
      number: list === "example" ? (a) => together[a]! : one,
      tile: one,
      inputs: one,
      channels: one,
      draws: one,
    };
    const [rowsOf, columnsOf] = [height[instruction.extent], width[instruction.extent]];
    // Behind the last position lines of an example are 0: softmax takes them for presence, a vector at a time.
    const ends = list === "example" && instruction.extent === "line";
    const call: Call = (a, b) => {
      let word = this.#openFrame(rowsOf(a, b), columnsOf(a, b));
      for (const { address, stride } of streams) {
        this.#words[word++] = address(a, b);
        this.#words[word++] = stride(a, b);
      }
      run(this.#frame);
      if (!ends) return;
      const [bytes, from] = [columnsOf(a, b) * this.#setup.format.bytes, instruction.inputs.length];
      const vectors = Math.ceil(bytes / 16) * 16;
      for (const { address } of streams.slice(from))
        this.#words.fill(0, (address(a, b) + bytes) / 4, (address(a, b) + vectors) / 4);
    };
    return this.#alsoTransposed(list, instruction.outputs, call);
  }

  /** A call that leaves transposed copies of its outputs where products want them. */
  #alsoTransposed(list: List, outputs: readonly number[], call: Call): Call {
    const { layout } = this.#setup;
    if (list !== "example") return call;
    const wanted = outputs.filter((step) => layout.transposed.has(step));
    if (wanted.length === 0) return call;
    const copies = wanted.map((step) => ({
      from: this.#find(list, { from: "here", step }),
      to: layout.transposed.get(step)!,
    }));
    const transpose = this.#functions["transpose"]!;
    return (a, b) => {
      call(a, b);
      for (const { from, to } of copies) {
        const { lengths, strides } = from.space;
        transpose(from.address(a, b), to[a]!, lengths[a]!, lengths[a]!, from.stride(a, b), strides[a]!);
      }
    };
  }

  #run(calls: readonly Call[], a: number, b: number): void {
    for (const call of calls) {
      this.#check();
      call(a, b);
    }
  }

  #check(): void {
    if (this.#stopped()) throw new Stopped();
  }

  get #frame(): number {
    return this.#scratch + this.#setup.layout.frame;
  }

  /** Begins the description of a fused call and returns the index of its next word. */
  #openFrame(rows: number, columns: number): number {
    const word = this.#frame / 4;
    this.#words[word] = 1;
    this.#words[word + 1] = rows;
    this.#words[word + 2] = Math.ceil((columns * this.#setup.format.bytes) / 16) * 16;
    return word + frameHead;
  }

  /** An instruction on tiles as a call, likewise. */
  #bindTile(instruction: Plain): TileCall {
    const { layout, lowered } = this.#setup;
    const here = (step: number): number => this.#scratch + layout.offsets.tile.get(step)!;
    if (instruction.kind === "structural") {
      const [x, y] = [0, 1].map((side) => {
        const step = instruction.inputs[side]?.step;
        return step === undefined
          ? { at: layout.inputs, squares: layout.squares }
          : { at: layout.tape.get(step)!, squares: layout.pooledSquares.get(step)! };
      }) as [Side, Side];
      const out = here(instruction.output);
      return (area, triangle) => this.#panels.gram(x, y, out, area, triangle);
    }
    const run = this.#functions[functionName(lowered, instruction.fused)]!;
    const inputs = instruction.inputs.map(({ from, step }): ((area: Area) => number) => {
      if (from === "here") return () => here(step);
      const tape = layout.tape.get(step)!;
      return from === "a" ? ({ a }) => tape[a]! : ({ b }) => tape[b]!;
    });
    const streams = [...inputs, ...instruction.outputs.map((step) => () => here(step))];
    return (area) => {
      let word = this.#openFrame(area.height, area.width);
      for (const address of streams) {
        this.#words[word++] = address(area);
        this.#words[word++] = area.stride;
      }
      run(this.#frame);
    };
  }

  /** Results that are one number a pair, from the tile buffers: at once where nothing lies between two rows. */
  #copyTiles(values: Values, area: Area, rows: number, columns: number): void {
    for (const { key, step, isBlock } of this.#results.pair) {
      if (isBlock) continue;
      const { bytes } = this.#setup.format;
      const [whole, count] = area.stride === columns * bytes ? [rows, 1] : [1, rows];
      for (let i = 0; i < count; i++) {
        const from = this.#tileAddress(step, area, i, 0) / bytes;
        values[key]!.set(this.#numbers.subarray(from, from + whole * columns), i * columns);
      }
    }
  }

  /** Results that are blocks, from scratch memory into room for S·S numbers. */
  #copyBlocks(values: Values, list: "pair" | "self", a: number, b: number, at: number): void {
    const { bytes } = this.#setup.format;
    for (const { key, found, isBlock } of this.#results[list]) {
      if (!isBlock) continue;
      const { lengths } = found.space;
      for (let s = 0; s < lengths[a]!; s++) {
        const from = (found.address(a, b) + s * found.stride(a, b)) / bytes;
        values[key]!.set(this.#numbers.subarray(from, from + lengths[b]!), (at * this.#S + s) * this.#S);
      }
    }
  }

  /** Address of a tile's entry (i, j). */
  #tileAddress(step: number, { top, left, stride }: Area, i: number, j: number): number {
    const { layout, format } = this.#setup;
    return this.#scratch + layout.offsets.tile.get(step)! + (top + i) * stride + (left + j) * format.bytes;
  }

  #read(address: number): number {
    return this.#numbers[address / this.#setup.format.bytes]!;
  }

  #write(address: number, value: number): void {
    this.#numbers[address / this.#setup.format.bytes] = value;
  }
}

type Call2 = (a: number, b: number) => number;

const one: Call2 = () => 1;

/** Room for the results of `entries` pairs, each S·S numbers if the network ends with S positions. */
export function emptyResults({ get, output }: Program, format: Format, entries: number): Values {
  const make = format.scalar === "f32" ? Float32Array : Float64Array;
  return Object.fromEntries(get.map((key) => [key, new make(entries * positionCount(output) ** 2)]));
}

/** Entries below the diagonal from those above it. */
function mirror(values: Values, size: number): void {
  for (const data of Object.values(values))
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) data[i * size + j] = data[j * size + i]!;
}
