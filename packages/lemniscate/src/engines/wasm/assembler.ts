/** @module A WebAssembly module, built instruction by instruction at run time. */
import {
  type Instruction,
  lanes,
  type MemoryInstruction,
  memory,
  plain,
  simd,
  type ValueType,
  valueTypes,
} from "./opcodes.js";

/** Appends a number in LEB128, seven bits a byte. */
function pushUnsigned(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

function pushSigned(bytes: number[], value: number): void {
  let rest = value;
  for (; rest < -64 || rest >= 64; rest = Math.floor(rest / 128)) bytes.push((((rest % 128) + 128) % 128) + 128);
  bytes.push((rest + 128) % 128);
}

// Thousands of bytes pass here: loops, for spreading and flattening arrays took most of the time to a first result.
function pushAll(bytes: number[], more: Iterable<number>): void {
  for (const byte of more) bytes.push(byte);
}

/** A content behind its length in bytes. */
function pushSized(bytes: number[], content: readonly number[]): void {
  pushUnsigned(bytes, content.length);
  pushAll(bytes, content);
}

const unsigned = (value: number): number[] => {
  const bytes: number[] = [];
  pushUnsigned(bytes, value);
  return bytes;
};

const text = (value: string): number[] => {
  const bytes: number[] = [];
  pushSized(bytes, [...new TextEncoder().encode(value)]);
  return bytes;
};

const vector = (items: readonly (readonly number[])[]): number[] => {
  const bytes = unsigned(items.length);
  for (const item of items) pushAll(bytes, item);
  return bytes;
};

/** A local variable or parameter. */
export type Local = number & { readonly local?: never };

/** One function under construction. Methods append instructions and return the function, so that they chain. */
export class Fn {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #code: number[] = [];

  constructor(name: string, parameters: readonly ValueType[]) {
    this.name = name;
    this.parameters = parameters;
  }

  local(type: ValueType = "i32"): Local {
    this.#locals.push(type);
    return this.parameters.length + this.#locals.length - 1;
  }

  get(local: Local): this {
    return this.#numbered(0x20, local);
  }

  set(local: Local): this {
    return this.#numbered(0x21, local);
  }

  tee(local: Local): this {
    return this.#numbered(0x22, local);
  }

  i32(value: number): this {
    this.#code.push(0x41);
    pushSigned(this.#code, value);
    return this;
  }

  f64(value: number): this {
    this.#code.push(0x44);
    pushAll(this.#code, new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  v128(bytes: Uint8Array): this {
    this.#code.push(0xfd, 12);
    pushAll(this.#code, bytes);
    return this;
  }

  op(...names: readonly Instruction[]): this {
    for (const name of names) {
      if (name in plain) this.#code.push(plain[name as keyof typeof plain]);
      else this.#numbered(0xfd, simd[name as keyof typeof simd]);
    }
    return this;
  }

  /** A load (address on the stack) or store (address and value), `offset` bytes further on. */
  mem(name: MemoryInstruction, offset = 0): this {
    const [prefixed, number, align] = memory[name];
    if (prefixed) this.#numbered(0xfd, number);
    else this.#code.push(number);
    return this.#numbered(align, offset);
  }

  lane(name: keyof typeof lanes, index: number): this {
    this.#code.push(0xfd, lanes[name], index);
    return this;
  }

  /** Sixteen bytes of two vectors on the stack, chosen by number: those of the second begin at 16. */
  shuffle(bytes: readonly number[]): this {
    this.#code.push(0xfd, 13, ...bytes);
    return this;
  }

  /** Adds a constant to a local. */
  advance(local: Local, by: number): this {
    return this.get(local).i32(by).op("i32.add").set(local);
  }

  /** Adds a local to a local. */
  advanceBy(local: Local, by: Local): this {
    return this.get(local).get(by).op("i32.add").set(local);
  }

  /**
   * `while (i < end) { body; i += step }`, unsigned. The test stands on top: engines of Node 20 and 22 keep
   * accumulators in registers in this form only.
   */
  while(i: Local, end: Local, step: number, body: () => void): this {
    this.#code.push(0x03, 0x40);
    this.get(i).get(end).op("i32.lt_u").#code.push(0x04, 0x40);
    body();
    this.advance(i, step).#code.push(0x0c, 1, 0x0b, 0x0b);
    return this;
  }

  /** `if (condition on the stack) { then }`. */
  if(then: () => void): this {
    this.#code.push(0x04, 0x40);
    then();
    this.#code.push(0x0b);
    return this;
  }

  call(index: number): this {
    return this.#numbered(0x10, index);
  }

  body(): number[] {
    const runs: { readonly type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const code = vector(runs.map(({ type, count }) => [...unsigned(count), valueTypes[type]]));
    pushAll(code, this.#code);
    code.push(0x0b);
    return code;
  }

  /** A byte with a number behind it. */
  #numbered(byte: number, value: number): this {
    this.#code.push(byte);
    pushUnsigned(this.#code, value);
    return this;
  }
}

/** A module with one imported memory (`env.memory`, shared) whose functions are all exported and return nothing. */
export class ModuleBuilder {
  readonly #functions: Fn[] = [];

  /** Defines a function, if none has its name, and returns its index, for calls. */
  define(name: string, parameters: readonly ValueType[], build: (f: Fn) => void): number {
    const known = this.#functions.findIndex((f) => f.name === name);
    if (known >= 0) return known;
    const fn = new Fn(name, parameters);
    build(fn);
    this.#functions.push(fn);
    return this.#functions.length - 1;
  }

  bytes(shared: boolean): Uint8Array<ArrayBuffer> {
    const types = this.#functions.map((f) => [0x60, ...vector(f.parameters.map((type) => [valueTypes[type]])), 0]);
    const limits = shared ? [3, ...unsigned(1), ...unsigned(65536)] : [1, ...unsigned(1), ...unsigned(65536)];
    const bodies = this.#functions.map((f) => {
      const sized: number[] = [];
      pushSized(sized, f.body());
      return sized;
    });
    const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const section = (id: number, content: readonly number[]): void => {
      bytes.push(id);
      pushSized(bytes, content);
    };
    section(1, vector(types));
    section(2, vector([[...text("env"), ...text("memory"), 2, ...limits]]));
    section(3, vector(this.#functions.map((_, i) => unsigned(i))));
    section(7, vector(this.#functions.map((f, i) => [...text(f.name), 0, ...unsigned(i)])));
    section(10, vector(bodies));
    return Uint8Array.from(bytes);
  }
}
