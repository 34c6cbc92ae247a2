/** @module Hidden layers of many neurons in SIMD: normal numbers in single precision, sums in double. */
import type { Fn, Local, ModuleBuilder } from "../../engines/wasm/assembler.js";
import {
  type ConstantTable,
  emitVectors,
  type Format,
  formatOf,
  type Vector,
  VectorAlgebra,
} from "../../engines/wasm/vector.js";
import type { Neuron } from "../models/activation.js";
import { normalPair } from "./gaussian.js";
import { emitDraw, emitXoshiro, type Surroundings, upper } from "./random.js";

/** What a hidden layer's function is made from: entries' addresses, `undefined` where the factor is zero. */
export interface HiddenGram {
  readonly factor: readonly (number | undefined)[];
  readonly rows: number;
  readonly columns: number;
  readonly width: number;
  readonly neuron: Neuron;
  /** Lower triangle of the result, row by row. */
  readonly out: readonly number[];
}

type Four = readonly [Local, Local, Local, Local];
/** A row of L z, k by k, in what is known of L and z; `undefined` where L is zero. */
type Terms = (i: number, k: number) => readonly [Vector, Vector] | undefined;

/** Neurons that are written out one behind another, and whose products may be summed in single precision. */
const together = 4;

const joined = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** `name(block, step)`: Σ f(L z) f(L z)ᵀ over the layer's neurons, for all paths, four of them at a time. */
export function defineHiddenGram(
  module: ModuleBuilder,
  at: Surroundings,
  single: ConstantTable,
  name: string,
  { factor, rows, columns, width, neuron, out }: HiddenGram,
): number {
  const coarse = formatOf("f32", at.format.fma);
  return module.define(name, ["i32", "i32"], (f) => {
    const [block, step] = [0, 1] as const;
    const state = [0, 1, 2, 3].map(() => f.local("v128")) as readonly Local[] as Four;
    const [lane, wide, end, group, groups] = [f.local(), f.local(), f.local(), f.local(), f.local()];
    const sums = out.map(() => [f.local("v128"), f.local("v128")] as const);

    /** Products of one neuron, added to those before: in vectors of whatever precision the algebra has. */
    const products = (a: VectorAlgebra, terms: Terms, before: (at: number) => Vector | undefined): Vector[] => {
      const neurons = Array.from({ length: rows }, (_, i) => neuron.formula(a, linear(a, columns, i, terms)));
      return out.map((_, at) => {
        const [i, j] = pairOf(at);
        const sum = before(at);
        return sum === undefined ? a.mul(neurons[i]!, neurons[j]!) : a.fma(neurons[i]!, neurons[j]!, sum);
      });
    };

    /** In single precision, four paths in a vector; the sums of few neurons, which are then added up in double. */
    const emitSingle = (l: readonly (Local | undefined)[], z: readonly Local[], before: readonly Local[]): Local[] => {
      const a = new VectorAlgebra(coarse);
      const known = new Map<number, Local>();
      const input = (key: number, local: Local): Vector => {
        known.set(key, local);
        return a.input(key);
      };
      const terms: Terms = (i, k) => {
        const entry = l[i * columns + k];
        return entry === undefined ? undefined : [input(columns + i * columns + k, entry), input(k, z[k]!)];
      };
      const made = products(a, terms, (at) => before[at] && input(-1 - at, before[at]));
      return emitVectors(f, single, made, (key) => [known.get(key)!], 1).map(([local]) => local!);
    };

    /** In double precision, two paths in a vector. */
    const emitDouble = (half: 0 | 1, z: readonly Local[]): void => {
      const a = new VectorAlgebra(at.format);
      const load = new Map<number, () => Local>();
      const known = new Map<number, Local>();
      const input = (key: number, make: () => Local): Vector => {
        load.set(key, make);
        return a.input(key);
      };
      const terms: Terms = (i, k) => {
        const address = factor[i * columns + k];
        if (address === undefined) return undefined;
        const l = (): Local => emitLoad(f, wide, address + 16 * half);
        return [input(columns + i * columns + k, l), input(k, () => emitPromoted(f, z[k]!, half))];
      };
      const made = products(a, terms, (at) => input(-1 - at, () => sums[at]![half]));
      const of = (key: number): readonly Local[] => {
        if (!known.has(key)) known.set(key, load.get(key)!());
        return [known.get(key)!];
      };
      const results = emitVectors(f, at.constants, made, of, 1);
      for (const [at, [local]] of results.entries()) f.get(local!).set(sums[at]![half]);
    };

    f.i32(4 * at.paths).set(end);
    f.while(lane, end, 16, () => {
      f.get(lane).i32(1).op("i32.shl").set(wide);
      for (const sum of sums)
        for (const half of sum) {
          at.constants.push(f, 0);
          f.set(half);
        }
      const rounded = neuron.coarse ? factor.map((address) => address && emitRounded(f, wide, address)) : [];
      emitDraw(f, at, state, block, step, lane);
      const some = (members: number): void => {
        let partial: readonly Local[] = [];
        for (let member = 0; member < members; member += 2) {
          const pairs = emitCoarse(f, coarse, single, state, columns);
          for (const one of [0, 1] as const) {
            if (member + one >= members) continue;
            const z = pairs.map((pair) => pair[one]);
            if (neuron.coarse) partial = emitSingle(rounded, z, partial);
            else for (const half of [0, 1] as const) emitDouble(half, z);
          }
        }
        for (const [at, local] of partial.entries())
          for (const half of [0, 1] as const) {
            const sum = sums[at]![half];
            f.get(emitPromoted(f, local, half))
              .get(sum)
              .op("f64x2.add")
              .set(sum);
          }
      };
      f.i32(0)
        .set(group)
        .i32(Math.floor(width / together))
        .set(groups);
      f.while(group, groups, 1, () => some(together));
      if (width % together > 0) some(width % together);
      for (const [at, address] of out.entries())
        for (const half of [0, 1] as const)
          f.get(wide)
            .get(sums[at]![half])
            .mem("v128.store", address + 16 * half);
    });
  });
}

/** Σ_k of the terms that there are in row i. */
function linear(a: VectorAlgebra, columns: number, i: number, terms: Terms): Vector {
  let sum: Vector | undefined;
  for (let k = 0; k < columns; k++) {
    const term = terms(i, k);
    if (term !== undefined) sum = sum === undefined ? a.mul(...term) : a.fma(...term, sum);
  }
  return sum ?? a.constant(0);
}

function emitLoad(f: Fn, wide: Local, address: number): Local {
  const local = f.local("v128");
  f.get(wide).mem("v128.load", address).set(local);
  return local;
}

/** Two of four numbers in double precision. */
function emitPromoted(f: Fn, four: Local, half: 0 | 1): Local {
  const local = f.local("v128");
  f.get(four);
  if (half === 1) f.get(four).shuffle(upper);
  f.op("f64x2.promote_low_f32x4").set(local);
  return local;
}

/** An entry of four paths in single precision. */
function emitRounded(f: Fn, wide: Local, address: number): Local {
  const local = f.local("v128");
  for (const half of [0, 1])
    f.get(wide)
      .mem("v128.load", address + 16 * half)
      .op("f32x4.demote_f64x2_zero");
  f.shuffle(joined).set(local);
  return local;
}

/** As many times two vectors of normal numbers, one lane a path: as `coarseNormals` in core/random.ts. */
function emitCoarse(
  f: Fn,
  coarse: Format,
  constants: ConstantTable,
  state: Four,
  count: number,
): readonly (readonly [Local, Local])[] {
  const words = Array.from({ length: count }, () => [emitXoshiro(f, state), emitXoshiro(f, state)] as const);
  const converted = words.map(([word, turn]) => {
    const [share, angle] = [f.local("v128"), f.local("v128")];
    f.get(word).i32(1).op("i32x4.shr_u", "f32x4.convert_i32x4_s").set(share);
    f.get(turn).op("f32x4.convert_i32x4_s").set(angle);
    return [share, angle] as const;
  });
  const inputs = [converted.map(([share]) => share), converted.map(([, angle]) => angle)];
  const a = new VectorAlgebra(coarse);
  const made = emitVectors(f, constants, normalPair(a, "f32", a.input(0), a.input(1)), inputs, count);
  const difference = f.local("v128");
  return words.map(([, turn], k) => {
    const [x, y] = [made[0]![k]!, made[1]![k]!];
    // Bit 0 becomes the sign of x.
    f.get(turn).i32(31).op("i32x4.shl").get(x).op("v128.xor").set(x);
    // Bit 1, in all bits of a lane, exchanges the two.
    f.get(x).get(y).op("v128.xor").get(turn).i32(30).op("i32x4.shl").i32(31).op("i32x4.shr_s", "v128.and");
    f.tee(difference).get(x).op("v128.xor").set(x).get(difference).get(y).op("v128.xor").set(y);
    return [x, y];
  });
}

/** The pair (i, j), i ≥ j, at a place of the lower triangle. */
export function pairOf(at: number): readonly [number, number] {
  const i = Math.floor((Math.sqrt(8 * at + 1) - 1) / 2);
  return [i, at - (i * (i + 1)) / 2];
}
