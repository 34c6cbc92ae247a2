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

/** A number in LEB128, seven bits a byte. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = ((rest % 128) + 128) % 128;
    rest = Math.floor(rest / 128);
    const sign = low >= 64;
    if ((rest === 0 && !sign) || (rest === -1 && sign)) return [...bytes, low];
    bytes.push(low + 128);
  }
}

const text = (value: string): number[] => {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
};

const vector = (items: readonly (readonly number[])[]): number[] => {
  const bytes = unsigned(items.length);
  for (const item of items) for (const byte of item) bytes.push(byte);
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
    return this.#push(0x20, ...unsigned(local));
  }

  set(local: Local): this {
    return this.#push(0x21, ...unsigned(local));
  }

  tee(local: Local): this {
    return this.#push(0x22, ...unsigned(local));
  }

  i32(value: number): this {
    return this.#push(0x41, ...signed(value));
  }

  f64(value: number): this {
    return this.#push(0x44, ...new Uint8Array(Float64Array.of(value).buffer));
  }

  v128(bytes: Uint8Array): this {
    return this.#push(0xfd, 12, ...bytes);
  }

  op(...names: readonly Instruction[]): this {
    for (const name of names) {
      if (name in plain) this.#push(plain[name as keyof typeof plain]);
      else this.#push(0xfd, ...unsigned(simd[name as keyof typeof simd]));
    }
    return this;
  }

  /** A load (address on the stack) or store (address and value), `offset` bytes further on. */
  mem(name: MemoryInstruction, offset = 0): this {
    const [prefixed, number, align] = memory[name];
    if (prefixed) this.#push(0xfd, ...unsigned(number));
    else this.#push(number);
    return this.#push(...unsigned(align), ...unsigned(offset));
  }

  lane(name: keyof typeof lanes, index: number): this {
    return this.#push(0xfd, lanes[name], index);
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
    this.#push(0x03, 0x40).get(i).get(end).op("i32.lt_u").#push(0x04, 0x40);
    body();
    return this.advance(i, step).#push(0x0c, 1, 0x0b, 0x0b);
  }

  /** `if (condition on the stack) { then }`. */
  if(then: () => void): this {
    this.#push(0x04, 0x40);
    then();
    return this.#push(0x0b);
  }

  call(index: number): this {
    return this.#push(0x10, ...unsigned(index));
  }

  body(): number[] {
    const runs: { readonly type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const code = vector(runs.map(({ type, count }) => [...unsigned(count), valueTypes[type]]));
    for (const byte of this.#code) code.push(byte);
    code.push(0x0b);
    return code;
  }

  #push(...bytes: readonly number[]): this {
    for (const byte of bytes) this.#code.push(byte);
    return this;
  }
}

/** A module with one imported memory (`env.memory`, shared) whose functions are all exported and return nothing. */
export class ModuleBuilder {
  readonly #functions: Fn[] = [];

  /** Defines a function and returns its index, for calls. */
  define(name: string, parameters: readonly ValueType[], build: (f: Fn) => void): number {
    const fn = new Fn(name, parameters);
    build(fn);
    this.#functions.push(fn);
    return this.#functions.length - 1;
  }

  bytes(shared: boolean): Uint8Array<ArrayBuffer> {
    const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
    const types = this.#functions.map((f) => [0x60, ...vector(f.parameters.map((type) => [valueTypes[type]])), 0]);
    const limits = shared ? [3, ...unsigned(1), ...unsigned(65536)] : [1, ...unsigned(1), ...unsigned(65536)];
    const bodies = this.#functions.map((f) => {
      const body = f.body();
      return [...unsigned(body.length), ...body];
    });
    const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    for (const part of [
      section(1, vector(types)),
      section(2, vector([[...text("env"), ...text("memory"), 2, ...limits]])),
      section(3, vector(this.#functions.map((_, i) => unsigned(i)))),
      section(7, vector(this.#functions.map((f, i) => [...text(f.name), 0, ...unsigned(i)]))),
      section(10, vector(bodies)),
    ])
      for (const byte of part) bytes.push(byte);
    return Uint8Array.from(bytes);
  }
}
