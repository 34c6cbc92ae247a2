/** @module Hidden layers of many neurons in SIMD: normal numbers in single precision, sums in double. */
import type { Fn, Local, ModuleBuilder } from "../../engines/wasm/assembler.js";
import { type ConstantTable, emitVectors, formatOf, VectorAlgebra } from "../../engines/wasm/vector.js";
import type { Formula } from "../steps/steps.js";
import { circle, radius } from "./gaussian.js";
import { emitDraw, type Surroundings } from "./random.js";

/** What a hidden layer's function is made from: entries' addresses, `undefined` where the factor is zero. */
export interface HiddenGram {
  readonly factor: readonly (number | undefined)[];
  readonly rows: number;
  readonly columns: number;
  readonly width: number;
  readonly formula: Formula;
  /** Lower triangle of the result, row by row. */
  readonly out: readonly number[];
}

/** `name(block, step)`: Σ φ(L z) φ(L z)ᵀ over the layer's neurons, four at a time, for all paths. */
export function defineHiddenGram(
  module: ModuleBuilder,
  at: Surroundings,
  single: ConstantTable,
  name: string,
  { factor, rows, columns, width, formula, out }: HiddenGram,
): number {
  const coarse = formatOf("f32", at.format.fma);
  return module.define(name, ["i32", "i32"], (f) => {
    const [first, step] = [0, 1] as const;
    const words = [0, 1, 2, 3].map(() => f.local("v128")) as [Local, Local, Local, Local];
    const [lane, wide, end, group, groups, block] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const sums = out.map(() => [f.local("v128"), f.local("v128")] as const);
    f.i32(4 * at.paths).set(end);
    f.while(lane, end, 16, () => {
      f.get(lane).i32(1).op("i32.shl").set(wide);
      for (const sum of sums)
        for (const half of sum) {
          at.constants.push(f, 0);
          f.set(half);
        }
      f.get(first)
        .set(block)
        .i32(0)
        .set(group)
        .i32(Math.floor(width / 4))
        .set(groups);
      const some = (members: number): void => {
        const z = Array.from({ length: columns }, () => {
          emitDraw(f, at, words, block, step, lane);
          f.advance(block, 1);
          return emitCoarse(f, coarse, single, words);
        });
        for (let member = 0; member < members; member++)
          for (const half of [0, 1] as const) emitNeuron(member, half, z);
      };
      const emitNeuron = (member: number, half: 0 | 1, z: readonly (readonly Local[])[]): void => {
        const columnOf = z.map((row) => {
          const local = f.local("v128");
          f.get(row[member]!);
          if (half === 1) f.get(row[member]!).shuffle([8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
          f.op("f64x2.promote_low_f32x4").set(local);
          return local;
        });
        const algebra = new VectorAlgebra(at.format);
        const inputs = new Map<number, Local>();
        const input = (key: number, load: () => Local): ReturnType<typeof algebra.input> => {
          if (!inputs.has(key)) inputs.set(key, load());
          return algebra.input(key);
        };
        const neurons = Array.from({ length: rows }, (_, i) => {
          const terms = z.flatMap((_, k) => {
            const address = factor[i * columns + k];
            if (address === undefined) return [];
            const l = input(columns + i * columns + k, () => {
              const local = f.local("v128");
              f.get(wide)
                .mem("v128.load", address + 16 * half)
                .set(local);
              return local;
            });
            return [[l, input(k, () => columnOf[k]!)] as const];
          });
          const h = terms.reduce((sum, [l, x]) => algebra.fma(l, x, sum), algebra.constant(0));
          return formula(algebra, h);
        });
        const products = sums.map(([low, high], at) => {
          const [i, j] = pairOf(at);
          const before = input(-1 - at, () => (half === 0 ? low : high));
          return algebra.fma(neurons[i]!, neurons[j]!, before);
        });
        const made = emitVectors(f, at.constants, products, (key) => [inputs.get(key)!], 1);
        for (const [at, [local]] of made.entries()) f.get(local!).set(sums[at]![half]);
      };
      f.while(group, groups, 1, () => some(4));
      if (width % 4 > 0) some(width % 4);
      for (const [at, address] of out.entries())
        for (const half of [0, 1] as const)
          f.get(wide)
            .get(sums[at]![half])
            .mem("v128.store", address + 16 * half);
    });
  });
}

/** Four vectors of normal numbers of four words, one lane a path: as `coarseNormals` in core/random.ts. */
function emitCoarse(
  f: Fn,
  coarse: ReturnType<typeof formatOf>,
  constants: ConstantTable,
  words: readonly [Local, Local, Local, Local],
): readonly Local[] {
  const uniform = words.map((word) => {
    const local = f.local("v128");
    f.get(word).op("f32x4.convert_i32x4_u").set(local);
    return local;
  });
  const a = new VectorAlgebra(coarse);
  const k = (x: number): ReturnType<typeof a.constant> => a.constant(x);
  const results = [0, 2].flatMap((pair) => {
    const r = radius(a, a.mul(a.add(a.input(pair), k(0.5)), k(2 ** -32)));
    return circle(a, "f32", a.mul(a.input(pair + 1), k(2 ** -32))).map((side) => a.mul(r, side));
  });
  return emitVectors(
    f,
    constants,
    results,
    uniform.map((local) => [local]),
    1,
  ).map(([local]) => local!);
}

/** The pair (i, j), i ≥ j, at a place of the lower triangle. */
export function pairOf(at: number): readonly [number, number] {
  const i = Math.floor((Math.sqrt(8 * at + 1) - 1) / 2);
  return [i, at - (i * (i + 1)) / 2];
}
