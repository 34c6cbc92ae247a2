/**
 * @module The vocabulary that steps of covariance processes are written in: small matrices, one for each path. A step is
 * written once and leaves a list of operations, which the reference runs path by path and a fast engine on many at once.
 */
import { LemniscateError } from "../../core/errors.js";
import type { Neuron } from "../models/activation.js";
import type { Formula } from "./formula.js";

/** A matrix that differs from path to path, or a constant one. */
export interface Value {
  readonly id: number;
  readonly rows: number;
  readonly columns: number;
}

/** How an operand is read at entry (i, j): there, at row i, at row j, or as the one number it is. */
export type Reading = "entry" | "row" | "column" | "scalar";

/** One operation on matrices of a path. Operands come before it in the list. */
export type Operation =
  /** Matrix `index` of the state at the beginning of the step. */
  | { readonly type: "state"; readonly index: number }
  | { readonly type: "constant"; readonly entries: readonly number[] }
  /** One number, which depends on where in a run the step stands. */
  | { readonly type: "phased"; readonly numbers: Readonly<Record<Phase, number>> }
  /** Of a symmetric one the lower triangle alone is computed. */
  | {
      readonly type: "entrywise";
      readonly formula: Formula;
      readonly operands: readonly [Value, Reading][];
      readonly symmetric: boolean;
    }
  /** a·b, or a·bᵀ; of a symmetric product the lower triangle alone is computed. */
  | {
      readonly type: "product";
      readonly a: Value;
      readonly b: Value;
      readonly transposed: boolean;
      readonly symmetric: boolean;
    }
  /** The lower factor of a positive semi-definite matrix; a pivot of nothing but rounding errors gives a column of zeros. */
  | { readonly type: "cholesky"; readonly of: Value }
  | { readonly type: "diagonal"; readonly of: Value }
  | { readonly type: "rowSums"; readonly of: Value }
  | { readonly type: "sum"; readonly of: Value }
  /** Row by row, over the columns where the mask is 1; zero elsewhere. */
  | { readonly type: "softmaxRows"; readonly of: Value; readonly mask: readonly (readonly number[])[] }
  /** The nearest positive semi-definite matrix: negative eigenvalues become 0. */
  | { readonly type: "clipEigenvalues"; readonly of: Value }
  /** Independent standard normal numbers at `places`, in their order, those of the step's stream from number `from` on; 0 elsewhere. */
  | { readonly type: "normals"; readonly from: number; readonly places: readonly number[] }
  /**
   * Bartlett's lower triangular T: T Tᵀ is Wishart with `dof` degrees of freedom. Below the diagonal are normal numbers of
   * the step's stream, row by row; entry (i, i) is √χ² with dof − i degrees (i from 0), of 32 counters each from `block` on.
   */
  | { readonly type: "bartlett"; readonly dof: number; readonly from: number; readonly block: number }
  /**
   * Σ f(L z) f(L z)ᵀ over `width` columns z of coarse normal numbers from counter `block`, f the neuron without its factor:
   * row after row each pair of them is that of two columns.
   */
  | {
      readonly type: "hiddenGram";
      readonly factor: Value;
      readonly width: number;
      readonly neuron: Neuron;
      readonly block: number;
    };

/** One step of a process as a list of operations: plain data but for its formulas. */
export interface StepProgram {
  readonly tokens: number;
  /** How many matrices of tokens × tokens make a state. */
  readonly states: number;
  readonly operations: readonly { readonly operation: Operation; readonly value: Value }[];
  /** What becomes of each matrix of the state. */
  readonly next: readonly Value[];
  /** How many normal numbers a step takes from its stream, which is that of its first counter. */
  readonly normals: number;
  /** Whether a state has to be brought to the time it stands for before it is shown. */
  readonly phased: boolean;
}

/**
 * Where in a run a step stands: `"shown"` is that of a copy of the state, before it is handed out. Half steps that come one
 * behind another can be one so.
 */
export type Phase = "first" | "later" | "shown";

/** Counters that one gamma variate has for its attempts: the chance that they do not suffice is below 1e-40. */
export const attempts = 32;

/** Functions of a duration that steps may differ in. */
export type Time = (f: (t: number) => number) => Value;

/** Writes down a step. Matrices are m × m unless said otherwise, m the number of tokens. */
export class Steps {
  readonly tokens: number;
  readonly #operations: { operation: Operation; value: Value }[] = [];
  readonly #constants = new Map<string, Value>();
  #states = 0;
  #normals = 0;
  /** The first counter is that of the stream of normal numbers. */
  #blocks = 1;
  #phased = false;

  constructor(tokens: number) {
    this.tokens = tokens;
  }

  /** The next matrix of the state. */
  state(): Value {
    return this.#add({ type: "state", index: this.#states++ }, this.tokens);
  }

  /** A matrix that all paths share; an equal one is the same. */
  constant(matrix: readonly (readonly number[])[]): Value {
    return this.#once(JSON.stringify(matrix), () =>
      this.#add({ type: "constant", entries: matrix.flat() }, matrix.length, matrix[0]!.length),
    );
  }

  /** A number that steps of a run differ in; an equal one is the same. Of steps that need none nothing is done to states that are shown. */
  phased(numbers: Readonly<Record<Phase, number>>): Value {
    this.#phased = true;
    return this.#once(JSON.stringify(numbers), () => this.#add({ type: "phased", numbers }, 1));
  }

  identity(): Value {
    const m = this.tokens;
    return this.constant(Array.from({ length: m }, (_, i) => Array.from({ length: m }, (_, j) => (i === j ? 1 : 0))));
  }

  /**
   * A formula, entry by entry. An operand of one column gives each row its number and, as `across(x)`, each column; one
   * of one entry gives the same to all.
   */
  entrywise(formula: Formula, ...operands: readonly (Value | Across)[]): Value {
    return this.#entrywise(formula, operands, false);
  }

  /** The same where entries (i, j) and (j, i) are equal. */
  symmetric(formula: Formula, ...operands: readonly (Value | Across)[]): Value {
    return this.#entrywise(formula, operands, true);
  }

  #entrywise(formula: Formula, operands: readonly (Value | Across)[], symmetric: boolean): Value {
    const values = operands.map((operand) => ("across" in operand ? operand.across : operand));
    const rows = Math.max(...values.map((value) => value.rows));
    const columns = Math.max(
      ...operands.map((operand) => ("across" in operand ? operand.across.rows : operand.columns)),
    );
    const readings = operands.map((operand): [Value, Reading] => {
      if ("across" in operand) return [operand.across, "column"];
      if (operand.rows === rows && operand.columns === columns) return [operand, "entry"];
      if (operand.rows === 1 && operand.columns === 1) return [operand, "scalar"];
      if (operand.rows === rows && operand.columns === 1) return [operand, "row"];
      throw unfit("entrywise", operand, `${rows} × ${columns}`);
    });
    return this.#add({ type: "entrywise", formula, operands: readings, symmetric }, rows, columns);
  }

  /** a·b. */
  product(a: Value, b: Value): Value {
    if (a.columns !== b.rows) throw unfit("product", b, `${a.columns} rows`);
    return this.#add({ type: "product", a, b, transposed: false, symmetric: false }, a.rows, b.columns);
  }

  /** a·bᵀ. */
  productTransposed(a: Value, b: Value): Value {
    return this.#times(a, b, false);
  }

  /** a·aᵀ. */
  gram(a: Value): Value {
    return this.#times(a, a, true);
  }

  /** f·v·fᵀ of a symmetric v. */
  congruence(f: Value, v: Value): Value {
    return this.#times(this.product(f, v), f, true);
  }

  cholesky(of: Value): Value {
    return this.#add({ type: "cholesky", of }, of.rows);
  }

  /** The diagonal, as one column. */
  diagonal(of: Value): Value {
    return this.#add({ type: "diagonal", of }, of.rows, 1);
  }

  rowSums(of: Value): Value {
    return this.#add({ type: "rowSums", of }, of.rows, 1);
  }

  sum(of: Value): Value {
    return this.#add({ type: "sum", of }, 1, 1);
  }

  softmaxRows(of: Value, mask: readonly (readonly number[])[]): Value {
    return this.#add({ type: "softmaxRows", of, mask }, of.rows, of.columns);
  }

  clipEigenvalues(of: Value): Value {
    return this.#add({ type: "clipEigenvalues", of }, of.rows);
  }

  /** Independent standard normal numbers where `drawn` says so, and zeros elsewhere. */
  normals(rows: number, columns: number, drawn: (i: number, j: number) => boolean = () => true): Value {
    const all = Array.from({ length: rows * columns }, (_, at) => at);
    const places = all.filter((at) => drawn(Math.floor(at / columns), at % columns));
    return this.#add({ type: "normals", from: this.#take(places.length), places }, rows, columns);
  }

  /** @param dof - a real number above the number of tokens less one */
  bartlett(dof: number): Value {
    const m = this.tokens;
    if (!(dof > m - 1))
      throw new LemniscateError({
        code: "OptionOutOfRange",
        where: "shaped: width",
        given: `${dof} degrees of freedom for ${m} tokens`,
        allowed: `more than ${m - 1}`,
        mend: "Take a greater width (or a smaller step), or fewer tokens.",
      });
    const [from, block] = [this.#take((m * (m - 1)) / 2), this.#draw(m * attempts)];
    return this.#add({ type: "bartlett", dof, from, block }, m);
  }

  /** The Gram matrix Σ f(L z) f(L z)ᵀ of a hidden layer of `width` neurons without their factor, given L. */
  hiddenGram(factor: Value, width: number, neuron: Neuron): Value {
    const block = this.#draw(1);
    return this.#add({ type: "hiddenGram", factor, width, neuron, block }, factor.rows);
  }

  /** The list, complete: what becomes of each matrix of the state. */
  program(...next: readonly Value[]): StepProgram {
    return {
      tokens: this.tokens,
      states: this.#states,
      operations: this.#operations,
      next,
      normals: this.#normals,
      phased: this.#phased,
    };
  }

  #times(a: Value, b: Value, symmetric: boolean): Value {
    if (a.columns !== b.columns) throw unfit("product", b, `${a.columns} columns`);
    return this.#add({ type: "product", a, b, transposed: true, symmetric }, a.rows, b.rows);
  }

  #draw(blocks: number): number {
    this.#blocks += blocks;
    return this.#blocks - blocks;
  }

  #take(normals: number): number {
    this.#normals += normals;
    return this.#normals - normals;
  }

  #once(name: string, make: () => Value): Value {
    const made = this.#constants.get(name) ?? make();
    this.#constants.set(name, made);
    return made;
  }

  #add(operation: Operation, rows: number, columns: number = rows): Value {
    const value = { id: this.#operations.length, rows, columns };
    this.#operations.push({ operation, value });
    return value;
  }
}

/** A column of numbers, read along the columns of the others. */
export interface Across {
  readonly across: Value;
}

export function across(column: Value): Across {
  return { across: column };
}

function unfit(where: string, value: Value, allowed: string): LemniscateError {
  return new LemniscateError({
    code: "ShapeMismatch",
    where: `shaped: ${where}`,
    given: `a matrix of ${value.rows} × ${value.columns}`,
    allowed,
    mend: "Look for the step that made it.",
  });
}
