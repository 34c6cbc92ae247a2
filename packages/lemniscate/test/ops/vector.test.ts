/** @module The polynomials of the fast engine, run in plain numbers from the graph that its code is made from. */
import { describe, expect, test } from "vitest";
import { ModuleBuilder } from "../../src/engines/wasm/assembler.js";
import {
  ConstantTable,
  emitVectors,
  formatOf,
  type Scalar,
  type Vector,
  VectorAlgebra,
} from "../../src/engines/wasm/vector.js";
import { numbers } from "../../src/ops/algebra.js";
import { random } from "../conformance/random.js";

/** One lane of a vector: its bits, read as a number or as an integer. */
class Lane {
  readonly #view = new DataView(new ArrayBuffer(8));
  readonly #scalar: Scalar;

  constructor(scalar: Scalar) {
    this.#scalar = scalar;
  }

  toBits(value: number): bigint {
    if (this.#scalar === "f64") this.#view.setFloat64(0, value);
    else this.#view.setFloat32(4, value);
    return this.#scalar === "f64" ? this.#view.getBigUint64(0) : BigInt(this.#view.getUint32(4));
  }

  fromBits(bits: bigint): number {
    this.#view.setBigUint64(0, BigInt.asUintN(64, bits));
    return this.#scalar === "f64" ? this.#view.getFloat64(0) : this.#view.getFloat32(4);
  }
}

/** What an engine would compute for a vector, with inputs by number. Products and sums round apart. */
function evaluate(vector: Vector, inputs: readonly number[], scalar: Scalar): number {
  const lane = new Lane(scalar);
  const width = scalar === "f64" ? 64 : 32;
  const round = (x: number): number => (scalar === "f64" ? x : Math.fround(x));
  const known = new Map<Vector, bigint>();
  const bits = (of: Vector): bigint => {
    const found = known.get(of) ?? compute(of);
    known.set(of, found);
    return found;
  };
  const compute = (of: Vector): bigint => {
    if (of.kind === "input") return lane.toBits(inputs[of.value]!);
    if (of.kind === "constant") return lane.toBits(of.value);
    const [x, y] = of.args.map((arg) => lane.fromBits(bits(arg))) as [number, number];
    const number = (value: number): bigint => lane.toBits(round(value));
    switch (of.name.slice(of.name.indexOf(".") + 1)) {
      case "add":
        if (of.name.startsWith("i")) return BigInt.asUintN(width, bits(of.args[0]!) + bits(of.args[1]!));
        return number(x + y);
      case "sub":
        return number(x - y);
      case "mul":
        return number(x * y);
      case "div":
        return number(x / y);
      case "pmin":
        return number(Math.min(x, y));
      case "pmax":
        return number(Math.max(x, y));
      case "abs":
        return number(Math.abs(x));
      case "sqrt":
        return number(Math.sqrt(x));
      case "shl":
        return BigInt.asUintN(width, bits(of.args[0]!) << BigInt(of.value));
      case "le":
        return x <= y ? BigInt.asUintN(width, -1n) : 0n;
      case "bitselect":
        return bits(of.args[2]!) === 0n ? bits(of.args[1]!) : bits(of.args[0]!);
      default:
        throw new Error(`no ${of.name}`);
    }
  };
  return lane.fromBits(bits(vector));
}

/** |a − b| in units of the last place of b. */
function ulps(a: number, b: number, scalar: Scalar): number {
  if (Object.is(a, b) || a === b) return 0;
  const [digits, least] = scalar === "f64" ? [52, -1022] : [23, -126];
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(b))), least) - digits);
  return Math.abs(a - b) / unit;
}

describe.each([
  { scalar: "f64", low: -708, high: 709, smallest: 1e-300, spread: 290 },
  { scalar: "f32", low: -87, high: 88.3, smallest: 1e-36, spread: 35 },
] as const)("in $scalar", ({ scalar, low, high, spread }) => {
  const algebra = new VectorAlgebra(formatOf(scalar, false));
  const round = (x: number): number => (scalar === "f64" ? x : Math.fround(x));
  const exp = algebra.exp(algebra.input(0));
  const angle = algebra.angle(algebra.input(0));
  const excess = algebra.angleExcess(algebra.input(0));
  const atan2 = algebra.atan2(algebra.input(0), algebra.input(1));

  test("exp is right to 4 units of the last place", () => {
    const { uniform } = random(3);
    let worst = 0;
    const check = (at: number): void => {
      const x = round(at);
      worst = Math.max(worst, ulps(evaluate(exp, [x], scalar), Math.exp(x), scalar));
    };
    for (let i = 0; i < 4000; i++) check(low + (high - low) * uniform());
    for (let i = 0; i < 2000; i++) check((uniform() - 0.5) * 4);
    for (let i = 0; i < 500; i++) check((uniform() < 0.5 ? -1 : 1) * 10 ** (-20 * uniform()));
    for (let n = -100; n <= 100; n++) check((n + 0.5) * Math.LN2);
    check(0);
    expect(evaluate(exp, [0], scalar)).toBe(1);
    expect(worst).toBeLessThan(4);
  });

  test("exp ends at 0 and at infinity", () => {
    for (const x of [low, low - 1, low * 10, -1e30, Number.NEGATIVE_INFINITY])
      expect(evaluate(exp, [x], scalar)).toBeLessThan(1e-37);
    for (const x of [-800, -1e30, Number.NEGATIVE_INFINITY]) expect(evaluate(exp, [x], scalar)).toBe(0);
    for (const x of [710, 1e5, 1e30, Number.POSITIVE_INFINITY])
      expect(evaluate(exp, [x], scalar)).toBe(Number.POSITIVE_INFINITY);
  });

  test("atan2 is right to 4 units of the last place", () => {
    const { uniform } = random(4);
    let worst = 0;
    const check = (ay: number, ax: number): void => {
      const [y, x] = [round(ay), round(ax)];
      worst = Math.max(worst, ulps(evaluate(atan2, [y, x], scalar), Math.atan2(y, x), scalar));
    };
    const sign = (): number => (uniform() < 0.5 ? -1 : 1);
    for (let i = 0; i < 4000; i++) check(2 * uniform() - 1, 2 * uniform() - 1);
    for (let i = 0; i < 2000; i++) {
      // Close in size, so that the quotient is a number of normal size.
      const size = 10 ** (spread * (2 * uniform() - 1) * 0.5);
      check(sign() * size * uniform(), sign() * size * uniform());
    }
    for (let i = 0; i < 500; i++) check(10 ** (-8 * uniform()), sign() * (1 + uniform()));
    for (const [y, x] of [
      [0, 1],
      [1, 0],
      [-1, 0],
      [1, 1],
      [-1, -1],
      [1, -1],
      [Math.SQRT2 - 1, 1],
      [1, Math.SQRT2 - 1],
    ] as const)
      check(y, x);
    expect(worst).toBeLessThan(4);
  });

  test("angles and what sin θ − θ cos θ leaves of them are right to 4 units of the last place", () => {
    const { uniform } = random(5);
    let worst = 0;
    const check = (at: number): void => {
      const d = round(at);
      worst = Math.max(worst, ulps(evaluate(angle, [d], scalar), numbers.angle(d), scalar));
      worst = Math.max(worst, ulps(evaluate(excess, [d], scalar), numbers.angleExcess(d), scalar));
    };
    for (let i = 0; i < 2000; i++) check(uniform());
    for (let i = 0; i < 500; i++) check(10 ** (-20 * uniform()));
    for (const d of [0, 1, 0.5, 1 - Math.cos(1)]) check(d);
    expect(worst).toBeLessThanOrEqual(4);
    expect(numbers.angle(1)).toBeCloseTo(Math.PI / 2, 15);
    expect(numbers.angleExcess(1)).toBeCloseTo(1, 15);
    // θ³/3 − θ⁵/30 at θ² = 2d + d²/3
    expect(numbers.angleExcess(1e-6) / ((2 ** 1.5 / 3) * 1e-9 * (1 + 0.05e-6))).toBeCloseTo(1, 9);
  });

  test("atan2 is 0 at the origin and π on the negative axis", () => {
    expect(evaluate(atan2, [0, 0], scalar)).toBe(0);
    expect(evaluate(atan2, [0, -1], scalar)).toBeCloseTo(Math.PI, scalar === "f64" ? 15 : 6);
  });
});

test("a formula of any length needs few locals: 51 000 are more than a function may have", () => {
  const format = formatOf("f64", false);
  const module = new ModuleBuilder();
  const constants = new ConstantTable(format, 0);
  module.define("run", ["i32"], (f) => {
    const algebra = new VectorAlgebra(format);
    const x = algebra.input(0);
    const sum = (from: number, to: number): Vector => {
      if (to - from === 1) return algebra.mul(x, algebra.constant(from));
      const middle = Math.floor((from + to) / 2);
      return algebra.add(sum(from, middle), sum(middle, to));
    };
    const given = f.local("v128");
    f.get(0).mem("v128.load").set(given);
    const [[total]] = emitVectors(f, constants, [sum(1, 17_001)], [[given]], 1) as [[number]];
    f.get(0).get(total).mem("v128.store");
  });
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  const compiled = new WebAssembly.Module(module.bytes(false));
  const { run } = new WebAssembly.Instance(compiled, { env: { memory } }).exports as { run: (at: number) => void };
  new Uint8Array(memory.buffer).set(constants.bytes());
  const at = Math.ceil(constants.bytes().length / 16) * 16;
  new Float64Array(memory.buffer, at, 2).set([2, -1]);
  run(at);
  expect([...new Float64Array(memory.buffer, at, 2)]).toEqual([17_000 * 17_001, -8_500 * 17_001]);
});
