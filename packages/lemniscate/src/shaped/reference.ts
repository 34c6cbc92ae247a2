/** @module The meaning of a step: one path after another, in plain loops and double precision. */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { coarseNormals, gamma } from "../core/random.js";
import { numbers } from "../ops/algebra.js";
import { type Draws, oneByOne } from "./one-by-one.js";
import type { Mover } from "./paths.js";
import { attempts, type Operation, type Reading, type StepProgram, type Value } from "./steps/steps.js";

/** What an operation does: `normals` are those of the step. */
type Work = (values: readonly Float64Array[], state: Float64Array, draws: Draws, normals: Float64Array) => void;

/** A mover that defines what others must do. */
export function referenceMover(program: StepProgram): Mover {
  return oneByOne(program.tokens, program.states, referenceStep(program));
}

/**
 * A function that moves the state of one path a step on, in place: `states` matrices, row by row.
 *
 * @param draws - where in the path's own sequence the step's counters begin
 */
export function referenceStep(program: StepProgram): (state: Float64Array, draws: Draws) => void {
  const values = program.operations.map(({ value }) => new Float64Array(value.rows * value.columns));
  const work = program.operations.map(({ operation, value }) => workOf(operation, value));
  const size = program.tokens ** 2;
  const normals = new Float64Array(program.normals);
  return (state, draws) => {
    coarseNormals(draws.sequence, normals, draws.first);
    for (const one of work) one(values, state, draws, normals);
    for (const [s, next] of program.next.entries()) state.set(values[next.id]!, s * size);
  };
}

/** How far an operand's entry moves from a row to the next, and from a column to the next. */
const readings: Readonly<Record<Reading, (columns: number) => readonly [number, number]>> = {
  entry: (columns) => [columns, 1],
  row: () => [1, 0],
  column: () => [0, 1],
  scalar: () => [0, 0],
};

function workOf(operation: Operation, value: Value): Work {
  const { id, rows, columns } = value;
  switch (operation.type) {
    case "state": {
      const from = operation.index * rows * columns;
      return (values, state) => values[id]!.set(state.subarray(from, from + rows * columns));
    }
    case "constant":
      return (values) => values[id]!.set(operation.entries);
    case "phased":
      return (values, _, { phase }) => values[id]!.fill(operation.numbers[phase]);
    case "entrywise": {
      const { formula, operands, symmetric } = operation;
      const strides = operands.map(([, reading]) => readings[reading](columns));
      const read = operands.map(() => 0);
      return (values) => {
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < (symmetric ? i + 1 : columns); j++) {
            for (const [k, [from]] of operands.entries())
              read[k] = values[from.id]![i * strides[k]![0] + j * strides[k]![1]]!;
            const entry = formula(numbers, ...read);
            values[id]![i * columns + j] = entry;
            if (symmetric) values[id]![j * columns + i] = entry;
          }
      };
    }
    case "product": {
      const { a, b, transposed, symmetric } = operation;
      const [down, right] = transposed ? [1, b.columns] : [b.columns, 1];
      return (values) => {
        const [x, y, out] = [values[a.id]!, values[b.id]!, values[id]!];
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < (symmetric ? i + 1 : columns); j++) {
            let sum = 0;
            for (let k = 0; k < a.columns; k++) sum += x[i * a.columns + k]! * y[k * down + j * right]!;
            out[i * columns + j] = sum;
            if (symmetric) out[j * columns + i] = sum;
          }
      };
    }
    case "cholesky":
      return (values) => semidefiniteFactor(values[operation.of.id]!, values[id]!, rows);
    case "diagonal":
      return (values) => {
        for (let i = 0; i < rows; i++) values[id]![i] = values[operation.of.id]![i * (rows + 1)]!;
      };
    case "rowSums":
    case "sum": {
      const length = (operation.of.rows * operation.of.columns) / rows;
      return (values) => {
        for (let i = 0; i < rows; i++) {
          let sum = 0;
          for (let j = 0; j < length; j++) sum += values[operation.of.id]![i * length + j]!;
          values[id]![i] = sum;
        }
      };
    }
    case "softmaxRows":
      return (values) => {
        const [x, out] = [values[operation.of.id]!, values[id]!];
        for (const [i, row] of operation.mask.entries()) {
          let largest = Number.NEGATIVE_INFINITY;
          for (const [j, seen] of row.entries()) if (seen === 1) largest = Math.max(largest, x[i * columns + j]!);
          let sum = 0;
          for (const [j, seen] of row.entries())
            sum += out[i * columns + j] = seen === 1 ? Math.exp(x[i * columns + j]! - largest) : 0;
          for (let j = 0; j < columns; j++) out[i * columns + j]! /= sum;
        }
      };
    case "clipEigenvalues":
      return (values) => clipEigenvalues(values[operation.of.id]!, values[id]!, rows);
    case "normals": {
      const { from, places } = operation;
      return (values, _state, _draws, normals) => {
        for (const [k, place] of places.entries()) values[id]![place] = normals[from + k]!;
      };
    }
    case "bartlett": {
      const { dof, from, block } = operation;
      return (values, _, { sequence, first }, normals) => {
        for (let i = 0, k = from; i < rows; i++) {
          for (let j = 0; j < i; j++) values[id]![i * rows + j] = normals[k++]!;
          const half = gamma(sequence, (dof - i) / 2, first + block + i * attempts, attempts);
          values[id]![i * rows + i] = Math.sqrt(2 * half);
        }
      };
    }
    case "hiddenGram": {
      const { factor, width, neuron: of, block } = operation;
      const z = new Float64Array(2 * factor.columns * Math.ceil(width / 2));
      const neuron = new Float64Array(rows);
      return (values, _, { sequence, first }) => {
        coarseNormals(sequence, z, first + block);
        const [l, out] = [values[factor.id]!, values[id]!.fill(0)];
        for (let n = 0; n < width; n++) {
          const [pair, member] = [Math.floor(n / 2) * factor.columns, n % 2];
          for (let i = 0; i < rows; i++) {
            let sum = 0;
            for (let k = 0; k < factor.columns; k++) sum += l[i * factor.columns + k]! * z[2 * (pair + k) + member]!;
            neuron[i] = of.formula(numbers, sum);
          }
          for (let i = 0; i < rows; i++) for (let j = 0; j < rows; j++) out[i * rows + j]! += neuron[i]! * neuron[j]!;
        }
      };
    }
  }
}

/** A pivot below this share of its diagonal entry is taken for zero: it is made of rounding errors. */
export const leastPivot = 1e-14;

export function semidefiniteFactor(v: Float64Array, l: Float64Array, m: number): void {
  for (let j = 0; j < m; j++) {
    let pivot = v[j * m + j]!;
    for (let k = 0; k < j; k++) pivot -= l[j * m + k]! ** 2;
    // Written so that an infinite entry, or NaN, is passed on and not taken for a zero.
    const zero = pivot <= Math.min(leastPivot * v[j * m + j]!, 1e300) + 1e-300;
    const root = zero ? 0 : Math.sqrt(pivot);
    const inverse = zero ? 0 : 1 / root;
    l[j * m + j] = root;
    for (let i = j + 1; i < m; i++) {
      let sum = v[i * m + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * m + k]! * l[j * m + k]!;
      l[i * m + j] = sum * inverse;
    }
  }
}

function clipEigenvalues(v: Float64Array, out: Float64Array, m: number): void {
  // The library asks for an endless sequence of rotations where there is no finite answer.
  if (!v.every(Number.isFinite)) {
    out.fill(Number.NaN);
    return;
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(Matrix.from1DArray(m, m, v), {
    assumeSymmetric: true,
  });
  if (realEigenvalues.every((value) => value >= 0)) {
    out.set(v);
    return;
  }
  for (let i = 0; i < m; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < m; k++)
        sum += Math.max(realEigenvalues[k]!, 0) * eigenvectorMatrix.get(i, k) * eigenvectorMatrix.get(j, k);
      out[i * m + j] = out[j * m + i] = sum;
    }
}
