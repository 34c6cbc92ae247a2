/** @module Operations on small matrices, written out entry by entry as formulas of an algebra. */
import type { Algebra } from "../../ops/algebra.js";
import { leastPivot } from "../reference.js";
import type { Operation, Value } from "../steps/steps.js";

/** Entries of a matrix, row by row. */
export type Entries<V> = readonly V[];

/** An operation that neither draws numbers nor iterates. */
export type Closed = Exclude<
  Operation,
  { readonly type: "state" | "constant" | "phased" | "normals" | "bartlett" | "hiddenGram" | "clipEigenvalues" }
>;

/** The entries of a result, from those of the operands. */
export function expand<V>(a: Algebra<V>, operation: Closed, value: Value, of: (operand: Value) => Entries<V>): V[] {
  const { rows, columns } = value;
  const grid = (entry: (i: number, j: number) => V): V[] =>
    Array.from({ length: rows * columns }, (_, at) => entry(Math.floor(at / columns), at % columns));
  switch (operation.type) {
    case "entrywise": {
      const read = operation.operands.map(([operand, reading]) => {
        const entries = of(operand);
        const at = {
          entry: (i: number, j: number) => i * columns + j,
          row: (i: number) => i,
          column: (_: number, j: number) => j,
          scalar: () => 0,
        }[reading];
        return (i: number, j: number): V => entries[at(i, j)]!;
      });
      const made = grid((i, j) =>
        operation.symmetric && j > i ? a.constant(0) : operation.formula(a, ...read.map((operand) => operand(i, j))),
      );
      return operation.symmetric ? grid((i, j) => made[Math.max(i, j) * columns + Math.min(i, j)]!) : made;
    }
    case "product": {
      const { transposed, symmetric } = operation;
      const [x, y, depth] = [of(operation.a), of(operation.b), operation.a.columns];
      const right = (k: number, j: number): V => y[transposed ? j * depth + k : k * columns + j]!;
      const made = grid((i, j) =>
        symmetric && j > i
          ? a.constant(0)
          : sum(
              a,
              Array.from({ length: depth }, (_, k) => [x[i * depth + k]!, right(k, j)] as const),
            ),
      );
      return symmetric ? grid((i, j) => made[Math.max(i, j) * columns + Math.min(i, j)]!) : made;
    }
    case "cholesky":
      return factor(a, of(operation.of), rows);
    case "diagonal":
      return grid((i) => of(operation.of)[i * (rows + 1)]!);
    case "rowSums":
    case "sum": {
      const entries = of(operation.of);
      const length = entries.length / rows;
      return grid((i) => entries.slice(i * length, (i + 1) * length).reduce((x, y) => a.add(x, y)));
    }
    case "softmaxRows": {
      const entries = of(operation.of);
      return operation.mask.flatMap((row, i) => {
        const seen = row.flatMap((one, j) => (one === 1 ? [j] : []));
        const own: V[] = seen.map((j) => entries[i * columns + j] as V);
        const largest = own.reduce((x, y) => a.max(x, y));
        const exponentials = own.map((x) => a.exp(a.sub(x, largest)));
        const inverse = a.div(
          a.constant(1),
          exponentials.reduce((x, y) => a.add(x, y)),
        );
        return row.map((one, j) => (one === 1 ? a.mul(exponentials[seen.indexOf(j)]!, inverse) : a.constant(0)));
      });
    }
  }
}

function sum<V>(a: Algebra<V>, products: readonly (readonly [V, V])[], start: V = a.constant(0)): V {
  let total = start;
  for (const [x, y] of products) total = a.fma(x, y, total);
  return total;
}

function factor<V>(a: Algebra<V>, v: Entries<V>, m: number): V[] {
  const zero = a.constant(0);
  const l: V[] = v.map(() => zero);
  for (let j = 0; j < m; j++) {
    const without = (i: number): V => {
      const products = Array.from({ length: j }, (_, k) => [a.sub(zero, l[i * m + k]!), l[j * m + k]!] as const);
      return sum(a, products, v[i * m + j]!);
    };
    const pivot = without(j);
    const least = a.fma(a.constant(leastPivot), v[j * m + j]!, a.constant(1e-300));
    const bound = a.min(least, a.constant(1e300));
    const root = a.sqrt(pivot);
    l[j * m + j] = a.choose(pivot, bound, zero, root);
    const inverse = a.choose(pivot, bound, zero, a.div(a.constant(1), root));
    for (let i = j + 1; i < m; i++) l[i * m + j] = a.mul(without(i), inverse);
  }
  return l;
}
