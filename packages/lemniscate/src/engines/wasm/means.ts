/** @module Means over draws of attention weights: products of blocks, draw by draw. Draws lie transposed. */
import type { Call, Context } from "./context.js";
import type { Found } from "./places.js";
import { strideOf } from "./stride.js";

/** Functions over blocks that `terms.ts` writes for these operations, in its order. */
const [sum, product, difference] = [0, 1, 2] as const;

/** (1/M) Σ P k Qᵀ: first (P k)ᵀ from k and Pᵀ, then the product of that with Qᵀ. */
export function meanSandwich(context: Context): Call {
  const [P, k, Q] = context.inputs as [Found, Found, Found];
  return overDraws(context, 2, (work, a, b) => {
    const { rows, columns, left, right, block, times, draw } = work;
    const [turned, term] = [block(0), block(1)];
    const [at, stride] = [k.address(a, b), k.stride(a, b)];
    return (m) => {
      times(at, draw(P, m, rows, left), turned, columns, rows, rows, stride, left, left);
      times(turned, draw(Q, m, columns, right), term, rows, columns, columns, left, right, right);
      return term;
    };
  });
}

/** The four terms of a mean Jacobian, each a product or an entrywise product of two. */
export function meanJacobian(context: Context): Call {
  const [W, U, A, C, V, T] = context.inputs as [Found, Found, Found, Found, Found, Found];
  const { call, fused } = context;
  return overDraws(context, 7, (work, a, b) => {
    const { rows, columns, left, right, block, times, draw } = work;
    const [At, Ct, G] = [block(0), block(1), block(2)];
    const [x, y, term, other] = [block(3), block(4), block(5), block(6)];
    const [atA, strideA, atC, strideC] = [A.address(a, b), A.stride(a, b), C.address(a, b), C.stride(a, b)];
    call["transpose"]!(atA, At, rows, columns, strideA, left);
    call["transpose"]!(atC, Ct, rows, columns, strideC, left);
    fused(product, rows, columns, [atA, strideA, atC, strideC, G, right]);
    const into = (of: number, height: number, width: number, to: number, from: number, stride: number): void =>
      fused(of, height, width, [to, stride, from, stride, to, stride]);
    return (m) => {
      const [Wm, Um] = [draw(W, m, rows, left), draw(U, m, rows, left)];
      const [Vm, Tm] = [draw(V, m, columns, right), draw(T, m, columns, right)];
      // (W A)ᵀ and (U C)ᵀ; then (W A W'ᵀ)∘(U C U'ᵀ).
      times(atA, Wm, x, columns, rows, rows, strideA, left, left);
      times(atC, Um, y, columns, rows, rows, strideC, left, left);
      times(x, Vm, term, rows, columns, columns, left, right, right);
      times(y, Tm, other, rows, columns, columns, left, right, right);
      into(product, rows, columns, term, other, right);
      // (W (A∘C) − (W A)∘(U C)) W'ᵀ.
      into(product, columns, rows, x, y, left);
      times(G, Wm, y, columns, rows, rows, right, left, left);
      into(difference, columns, rows, y, x, left);
      times(y, Vm, other, rows, columns, columns, left, right, right);
      into(sum, rows, columns, term, other, right);
      // W ((A W'ᵀ)∘(C U'ᵀ)).
      times(At, Vm, x, rows, columns, columns, left, right, right);
      times(Ct, Tm, y, rows, columns, columns, left, right, right);
      into(product, rows, columns, x, y, right);
      times(Wm, x, other, rows, columns, rows, left, right, right);
      into(difference, rows, columns, term, other, right);
      return term;
    };
  });
}

/** What the terms of a pair of examples are made with. */
interface Work {
  readonly rows: number;
  readonly columns: number;
  /** Bytes of a row with as many numbers as the first, or the second, example has positions. */
  readonly left: number;
  readonly right: number;
  /** Block n of scratch memory. */
  readonly block: (n: number) => number;
  /** c = aᵀb, as the engine's `product`. */
  readonly times: (...args: number[]) => void;
  /** Where draw m of some rows is. */
  readonly draw: (of: Found, m: number, rows: number, stride: number) => number;
}

/** The mean of a term over all draws; `blocks` of scratch memory are the term's own. */
function overDraws(
  { space, form, parameters, output, spare, format, call, fused, check, numbers }: Context,
  blocks: number,
  termOf: (work: Work, a: number, b: number) => (m: number) => number,
): Call {
  const samples = parameters["samples"] as number;
  const size = space.longest * strideOf(format, space.longest);
  const block = (n: number): number => spare + n * size;
  const index = (address: number): number => address / format.bytes;
  return (a, b) => {
    const [rows, columns] = [space.lengths[a]!, space.lengths[b]!];
    const [left, right] = [space.strides[a]!, space.strides[b]!];
    const draw: Work["draw"] = (of, m, height, stride) => of.address(a, b) + m * height * stride;
    const term = termOf({ rows, columns, left, right, block, times: call["product"]!, draw }, a, b);
    const total = block(blocks);
    numbers.fill(0, index(total), index(total + rows * right));
    for (let m = 0; m < samples; m++) {
      check();
      fused(sum, rows, columns, [total, right, term(m), right, total, right]);
    }
    const [from, to] = [index(total), index(output.address(a, b))];
    const [row, out] = [index(right), form === "block" ? index(output.stride(a, b)) : 0];
    for (let s = 0; s < (form === "block" ? rows : Math.min(rows, columns)); s++)
      if (form === "block")
        for (let t = 0; t < columns; t++) numbers[to + s * out + t] = numbers[from + s * row + t]! / samples;
      else numbers[to + s] = numbers[from + s * row + s]! / samples;
  };
}
