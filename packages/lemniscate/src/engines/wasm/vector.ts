/** @module The algebra of SIMD vectors: formulas become a graph of instructions, equal ones shared. */

import { polynomial, unitPolynomial } from "../../core/polynomial.js";
import type { Algebra } from "../../ops/algebra.js";
import type { Fn, Local } from "./assembler.js";
import type { Instruction } from "./opcodes.js";

export type Scalar = "f32" | "f64";

/** How numbers of a precision lie in a vector of 128 bits. */
export interface Format {
  readonly scalar: Scalar;
  readonly bytes: 4 | 8;
  readonly lanes: 4 | 2;
  readonly shape: "f32x4" | "f64x2";
  readonly splat: "v128.load32_splat" | "v128.load64_splat";
  /** Whether relaxed SIMD is used: its fused multiply-add and its choice between lanes. */
  readonly fma: boolean;
  /** Whether the runtime makes one register of 256 bits of two neighbouring vectors, so that there is room for more. */
  readonly paired: boolean;
}

export function formatOf(scalar: Scalar, fma: boolean, paired = false): Format {
  return scalar === "f32"
    ? { scalar, bytes: 4, lanes: 4, shape: "f32x4", splat: "v128.load32_splat", fma, paired }
    : { scalar, bytes: 8, lanes: 2, shape: "f64x2", splat: "v128.load64_splat", fma, paired };
}

/** A vector: a stream of inputs, a constant, or an instruction on other vectors. */
export interface Vector {
  readonly kind: "input" | "constant" | "instruction";
  readonly name: string;
  readonly args: readonly Vector[];
  readonly value: number;
}

/** Builds vectors; equal ones are the same object, which is how K and Θ share their angles. */
export class VectorAlgebra implements Algebra<Vector> {
  readonly #known = new Map<string, Vector>();
  readonly #ids = new Map<Vector, number>();
  readonly #format: Format;
  readonly #functions: Functions;

  constructor(format: Format) {
    this.#format = format;
    this.#functions = functionsOf(format.scalar);
  }

  input(index: number): Vector {
    return this.#make("input", `in${index}`, [], index);
  }

  constant(value: number): Vector {
    return this.#make("constant", `k${Object.is(value, -0) ? "-0" : value}`, [], value);
  }

  add(x: Vector, y: Vector): Vector {
    return this.#op("add", x, y);
  }

  sub(x: Vector, y: Vector): Vector {
    return this.#op("sub", x, y);
  }

  mul(x: Vector, y: Vector): Vector {
    return this.#op("mul", x, y);
  }

  div(x: Vector, y: Vector): Vector {
    return this.#op("div", x, y);
  }

  // The kind of minimum that is one instruction of the processor: it differs for NaN and −0 alone.
  min(x: Vector, y: Vector): Vector {
    return this.#op("pmin", x, y);
  }

  max(x: Vector, y: Vector): Vector {
    return this.#op("pmax", x, y);
  }

  abs(x: Vector): Vector {
    return this.#op("abs", x);
  }

  sqrt(x: Vector): Vector {
    return this.#op("sqrt", x);
  }

  fma(x: Vector, y: Vector, z: Vector): Vector {
    return this.#format.fma ? this.#op("relaxed_madd", x, y, z) : this.add(this.mul(x, y), z);
  }

  choose(a: Vector, b: Vector, yes: Vector, no: Vector): Vector {
    const { fma, scalar } = this.#format;
    // Lanes of the mask are all ones or all zeros, so that the relaxed instruction, which is one of the processor, is exact.
    const relaxed = scalar === "f32" ? "i32x4.relaxed_laneselect" : "i64x2.relaxed_laneselect";
    return this.#make("instruction", fma ? relaxed : "v128.bitselect", [yes, no, this.#op("le", a, b)], 0);
  }

  /** e^x = 2^n e^r with n = round(x/ln 2) and e^r = 1 + r + r²·P(r); n goes into the exponent bits. */
  exp(x: Vector): Vector {
    const { exp, magic, mantissa, smallest, largest, ln2 } = this.#functions;
    const shifted = this.fma(x, this.constant(Math.LOG2E), this.constant(magic));
    const n = this.sub(shifted, this.constant(magic));
    const r = this.fma(n, this.constant(-ln2[1]), this.fma(n, this.constant(-ln2[0]), x));
    const curve = this.#horner(exp, this.mul(r, this.constant(2 / Math.LN2)));
    const fraction = this.add(this.fma(this.mul(r, r), curve, r), this.constant(1));
    const integer = this.#format.scalar === "f32" ? "i32x4" : "i64x2";
    const exponent = this.#make("instruction", `${integer}.shl`, [shifted], mantissa);
    const scaled = this.#make("instruction", `${integer}.add`, [fraction, exponent], 0);
    const finite = this.choose(this.constant(largest), x, this.constant(Number.POSITIVE_INFINITY), scaled);
    return this.choose(x, this.constant(smallest), this.constant(0), finite);
  }

  /**
   * ln x = k ln 2 + ln m with m in [√½, √2) and, at s = (m − 1)/(m + 1), ln m = 2s + s³·P(s²); for normal numbers x > 0. The
   * bits of x less those of √½ have k in their exponent.
   *
   * @param exponent - of a power of 2 that x is to be multiplied by: 2^−31 x costs no more than x
   */
  log(x: Vector, exponent = 0): Vector {
    const { log, mantissa, bits, ln2 } = this.#functions;
    const integer = this.#format.scalar === "f32" ? "i32x4" : "i64x2";
    const whole = (name: string, a: Vector, b: Vector): Vector =>
      this.#make("instruction", `${integer}.${name}`, [a, b], 0);
    const shift = (name: string, a: Vector): Vector => this.#make("instruction", `${integer}.${name}`, [a], mantissa);
    const raised = whole("add", whole("sub", x, this.constant(Math.SQRT1_2)), this.constant(2));
    const own = shift("shr_u", raised);
    const m = whole("add", whole("sub", x, shift("shl", own)), this.constant(2));
    const k = this.sub(whole("add", own, this.constant(2 ** mantissa)), this.constant(2 ** mantissa + bits - exponent));
    const s = this.div(this.sub(m, this.constant(1)), this.add(m, this.constant(1)));
    const z = this.mul(s, s);
    const curve = this.#horner(log, this.mul(z, this.constant(1 / largestLog)));
    const small = this.fma(this.mul(s, z), curve, this.fma(k, this.constant(ln2[1]), this.add(s, s)));
    return this.fma(k, this.constant(ln2[0]), small);
  }

  /**
   * With the smaller coordinate s and the larger one l, atan(s/l) is atan(t) at t = s/l up to tan(π/8), and
   * π/4 + atan(t) at t = (s − l)/(s + l) beyond; atan(t) = t − t³·P(t²). Then it is turned into the right octant.
   */
  atan2(y: Vector, x: Vector): Vector {
    const { atan, tiny } = this.#functions;
    const [ay, ax] = [this.abs(y), this.abs(x)];
    const [s, l] = [this.min(ay, ax), this.max(this.max(ay, ax), this.constant(tiny))];
    const edge = this.mul(l, this.constant(tanEighth));
    const zero = this.constant(0);
    const t = this.div(this.choose(s, edge, s, this.sub(s, l)), this.choose(s, edge, l, this.add(s, l)));
    const z = this.mul(t, t);
    const curve = this.#horner(atan, this.fma(z, this.constant(2 / tanEighth ** 2), this.constant(-1)));
    const small = this.fma(this.mul(this.mul(t, z), curve), this.constant(-1), t);
    const octant = this.add(small, this.choose(s, edge, zero, this.constant(Math.PI / 4)));
    const quadrant = this.choose(ay, ax, octant, this.sub(this.constant(Math.PI / 2), octant));
    const half = this.choose(zero, x, quadrant, this.sub(this.constant(Math.PI), quadrant));
    return this.choose(zero, y, half, this.sub(zero, half));
  }

  /** √d·(√2 + d·P(d)). */
  angle(d: Vector): Vector {
    return this.mul(this.sqrt(d), this.#overAngle(d, this.#functions.angle, Math.SQRT2));
  }

  /** d·√d·(2√2/3 + d·P(d)). */
  angleExcess(d: Vector): Vector {
    const { angleExcess } = this.#functions;
    return this.mul(this.mul(this.sqrt(d), d), this.#overAngle(d, angleExcess, Math.SQRT2 / 1.5));
  }

  /** at0 + d·P(d). */
  #overAngle(d: Vector, coefficients: readonly number[], at0: number): Vector {
    return this.fma(this.#horner(coefficients, d), d, this.constant(at0));
  }

  #horner(coefficients: readonly number[], u: Vector): Vector {
    return coefficients.map((c) => this.constant(c)).reduceRight((sum, c) => this.fma(sum, u, c));
  }

  #op(name: string, ...args: readonly Vector[]): Vector {
    return this.#make("instruction", `${this.#format.shape}.${name}`, args, 0);
  }

  #make(kind: Vector["kind"], name: string, args: readonly Vector[], value: number): Vector {
    const key = `${name}(${args.map((arg) => this.#ids.get(arg)).join()})${value}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made: Vector = { kind, name, args, value };
    this.#ids.set(made, this.#known.size);
    this.#known.set(key, made);
    return made;
  }
}

/** Polynomials and bit patterns of a precision. */
interface Functions {
  /** (e^r − 1 − r)/r² on |r| ≤ ln 2/2, in u = 2r/ln 2. */
  readonly exp: readonly number[];
  /** (2 artanh(s) − 2s)/s³ in z = s² on 0 ≤ z ≤ {@link largestLog}, in u = z/largestLog. */
  readonly log: readonly number[];
  /** (1 − atan(t)/t)/t² in z = t² on 0 ≤ z ≤ tan²(π/8), in u = 2z/tan²(π/8) − 1. */
  readonly atan: readonly number[];
  /** (θ/√d − √2)/d in powers of d, for the angle θ with cos θ = 1 − d on 0 ≤ d ≤ 1. */
  readonly angle: readonly number[];
  /** ((sin θ − θ cos θ)/√d³ − 2√2/3)/d, likewise. */
  readonly angleExcess: readonly number[];
  /** Adding it rounds to an integer, which then stands in the low bits. */
  readonly magic: number;
  readonly mantissa: number;
  /** The exponent field of 2. */
  readonly bits: number;
  readonly smallest: number;
  readonly largest: number;
  readonly tiny: number;
  /** ln 2 in two parts, the first short enough to be multiplied by an exponent without rounding. */
  readonly ln2: readonly [number, number];
}

const functions = new Map<Scalar, Functions>();

/** tan(π/8), up to which an arctangent needs no reduction. */
const tanEighth = Math.SQRT2 - 1;

/** s² at m = √2, up to which a logarithm needs no other exponent. */
const largestLog = tanEighth ** 4;

/** Σ c_k x^k, for coefficients and arguments with which sixty terms are enough. */
function series(c: (k: number) => number, x: number): number {
  return Array.from({ length: 60 }, (_, k) => c(k)).reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

function factorial(n: number): number {
  return n === 0 ? 1 : n * factorial(n - 1);
}

/** Coefficients of θ/√d in powers of d: √2·asin(√z)/√z at z = d/2. */
function angleSeries(n: number): number {
  return n === 0 ? Math.SQRT2 : (angleSeries(n - 1) * (2 * n - 1) ** 2) / (4 * n * (2 * n + 1));
}

function functionsOf(scalar: Scalar): Functions {
  const known = functions.get(scalar);
  if (known !== undefined) return known;
  const [expDegree, atanDegree, angleDegree, excessDegree, logDegree] =
    scalar === "f32" ? [4, 4, 7, 6, 2] : [10, 11, 17, 15, 7];
  // Their series, summed from the small terms up: what the polynomials correct is small, and so is their error.
  const exponential = (r: number): number => series((k) => 1 / factorial(k + 2), r);
  const arctangent = (z: number): number => series((k) => (-1) ** k / (2 * k + 3), z);
  const polynomials = {
    exp: polynomial(exponential, -Math.LN2 / 2, Math.LN2 / 2, expDegree),
    log: unitPolynomial((u) => series((k) => 2 / (2 * k + 3), u * largestLog), logDegree),
    atan: polynomial(arctangent, 0, tanEighth ** 2, atanDegree),
    angle: unitPolynomial((d) => series((k) => angleSeries(k + 1), d), angleDegree),
    // d(sin θ − θ cos θ)/dd = θ, so the series is integrated term by term.
    angleExcess: unitPolynomial((d) => series((k) => angleSeries(k + 1) / (k + 2.5), d), excessDegree),
  };
  const made: Functions =
    scalar === "f32"
      ? {
          ...polynomials,
          magic: 1.5 * 2 ** 23,
          mantissa: 23,
          bits: 2 ** 7,
          smallest: -87,
          largest: 88.3,
          tiny: 1e-37,
          ln2: split(12),
        }
      : {
          ...polynomials,
          magic: 1.5 * 2 ** 52,
          mantissa: 52,
          bits: 2 ** 10,
          smallest: -708,
          largest: 709,
          tiny: 1e-300,
          ln2: split(32),
        };
  functions.set(scalar, made);
  return made;
}

/** ln 2 − Math.LN2, the digits behind a double's; a thousand times ln 2 would miss them. */
const restOfLn2 = 2.3190468138462996e-17;

function split(bits: number): readonly [number, number] {
  const high = Math.round(Math.LN2 * 2 ** bits) / 2 ** bits;
  return [high, Math.LN2 - high + restOfLn2];
}

/** Constants in memory, where an instruction reads them into all lanes faster than V8 builds a vector. */
export class ConstantTable {
  readonly #values: number[] = [];
  readonly #format: Format;
  readonly #address: number;

  constructor(format: Format, address: number) {
    this.#format = format;
    this.#address = address;
  }

  /** Pushes a constant in all lanes. */
  push(f: Fn, value: number): void {
    let index = this.#values.findIndex((known) => Object.is(known, value));
    if (index < 0) index = this.#values.push(value) - 1;
    f.i32(0).mem(this.#format.splat, this.#address + this.#format.bytes * index);
  }

  /** The table's bytes, to be copied to its address. */
  bytes(): Uint8Array {
    const array = this.#format.scalar === "f32" ? Float32Array : Float64Array;
    return new Uint8Array(new array(this.#values).buffer);
  }
}

/** The instructions below `results` that read fixed inputs alone, as far up as they go. */
export function fixedVectors(results: readonly Vector[], isFixed: (input: number) => boolean): readonly Vector[] {
  const known = new Map<Vector, boolean>();
  const fixed = (vector: Vector): boolean => {
    const found = known.get(vector) ?? (vector.kind === "input" ? isFixed(vector.value) : vector.args.every(fixed));
    known.set(vector, found);
    return found;
  };
  const tops = new Set<Vector>();
  const seen = new Set<Vector>();
  const visit = (vector: Vector): void => {
    if (seen.has(vector)) return;
    seen.add(vector);
    if (!fixed(vector)) for (const arg of vector.args) visit(arg);
    else if (vector.kind === "instruction") tops.add(vector);
  };
  for (const result of results) visit(result);
  return [...tops];
}

/**
 * Writes the instructions of `results` for `unroll` neighbouring vectors at once and returns the locals that hold them.
 * `inputs` gives the locals of each input, one a neighbour, or loads them when they are first needed; `held` those of
 * vectors that are there already.
 */
export function emitVectors(
  f: Fn,
  constants: ConstantTable,
  results: readonly Vector[],
  inputs: readonly (readonly Local[])[] | ((input: number) => readonly Local[]),
  unroll: number,
  held: ReadonlyMap<Vector, readonly Local[]> = new Map(),
): readonly (readonly Local[])[] {
  const locals = new Map<Vector, readonly Local[]>(held);
  // A function has 50 000 locals at most, so that they are used again once nobody reads what they hold.
  const waiting = readersOf(results, held);
  const [free, freeConstants]: [(readonly Local[])[], Local[]] = [[], []];
  const load = (constant: Vector): readonly Local[] => {
    const local = freeConstants.pop() ?? f.local("v128");
    constants.push(f, constant.value);
    f.set(local);
    return Array.from({ length: unroll }, () => local);
  };
  const leave = (vector: Vector, of: readonly Local[]): void => {
    if (vector.kind === "constant") freeConstants.push(of[0]!);
    if (vector.kind !== "instruction" || held.has(vector)) return;
    waiting.set(vector, waiting.get(vector)! - 1);
    if (waiting.get(vector) === 0) free.push(of);
  };
  const visit = (vector: Vector): readonly Local[] => {
    const known = locals.get(vector);
    if (known !== undefined) return known;
    if (vector.kind === "input") {
      const there = typeof inputs === "function" ? inputs(vector.value) : inputs[vector.value]!;
      locals.set(vector, there);
      return there;
    }
    if (vector.kind === "constant") return load(vector);
    const args = vector.args.map(visit);
    const own = free.pop() ?? Array.from({ length: unroll }, () => f.local("v128"));
    for (const [u, local] of own.entries()) {
      for (const arg of args) f.get(arg[u]!);
      if (/\.sh[lr]/.test(vector.name)) f.i32(vector.value);
      f.op(vector.name as Instruction).set(local);
    }
    locals.set(vector, own);
    for (const [i, arg] of vector.args.entries()) leave(arg, args[i]!);
    return own;
  };
  return results.map(visit);
}

/** How many read each vector that has to be computed; results are read by the caller, too. */
function readersOf(results: readonly Vector[], held: ReadonlyMap<Vector, unknown>): Map<Vector, number> {
  const readers = new Map<Vector, number>();
  const read = (vector: Vector): void => {
    const before = readers.get(vector) ?? 0;
    readers.set(vector, before + 1);
    if (before === 0 && !held.has(vector)) for (const arg of vector.args) read(arg);
  };
  for (const result of results) read(result);
  return readers;
}
