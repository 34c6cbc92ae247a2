import type { Algebra } from "../../ops/algebra.js";

/** A formula for one entry, written once for all engines. */
export type Formula = <V>(algebra: Algebra<V>, ...operands: V[]) => V;
