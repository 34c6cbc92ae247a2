import type { Fn, Local } from "../assembler.js";
import type { Format } from "../vector.js";

/** Vectors to a row of a register tile. */
export function tileVectors({ paired }: Format): number {
  return paired ? 4 : 2;
}

/** Addresses of a register tile's factors and sums, the number of summands, and the tile's rows. */
export interface RegisterTile {
  readonly a: Local;
  readonly b: Local;
  readonly c: Local;
  readonly strideC: Local;
  readonly K: Local;
  readonly height: number;
}

/**
 * Writes c_ij = Σ_k a_ki b_kj with all sums in registers. `begin` may give them first values; `next` goes from one k to the
 * next.
 */
export function emitRegisterTile(
  f: Fn,
  format: Format,
  { a, b, c, strideC, K, height }: RegisterTile,
  next: () => void,
  begin: (sums: readonly (readonly Local[])[]) => void = () => {},
): void {
  const vectors = <T>(make: (v: number) => T): T[] => Array.from({ length: tileVectors(format) }, (_, v) => make(v));
  const sums = Array.from({ length: height }, () => vectors(() => f.local("v128")));
  const rights = vectors(() => f.local("v128"));
  const [left, k] = [f.local("v128"), f.local()];
  begin(sums);
  // One step and no more: with several written out, V8 keeps their factors in registers and spills the sums.
  f.while(k, K, 1, () => {
    for (const [v, right] of rights.entries())
      f.get(b)
        .mem("v128.load", 16 * v)
        .set(right);
    for (const [i, row] of sums.entries()) {
      f.get(a)
        .mem(format.splat, i * format.bytes)
        .set(left);
      for (const [v, sum] of row.entries())
        if (format.fma) f.get(left).get(rights[v]!).get(sum).op(`${format.shape}.relaxed_madd`).set(sum);
        else f.get(sum).get(left).get(rights[v]!).op(`${format.shape}.mul`, `${format.shape}.add`).set(sum);
    }
    next();
  });
  for (const row of sums) {
    for (const [v, sum] of row.entries())
      f.get(c)
        .get(sum)
        .mem("v128.store", 16 * v);
    f.advanceBy(c, strideC);
  }
}

/** Sets the sums of a register tile to what stands at its place. */
export function loadTile(f: Fn, sums: readonly (readonly Local[])[], c: Local, strideC: Local): void {
  const at = f.local();
  f.get(c).set(at);
  for (const row of sums) {
    for (const [v, sum] of row.entries())
      f.get(at)
        .mem("v128.load", 16 * v)
        .set(sum);
    f.advanceBy(at, strideC);
  }
}
