/** @module Derivatives of elementwise operations, made of their formulas. */
import type { Algebra } from "../algebra.js";
import type { ElementwiseOp, Parameters } from "../op.js";
import { type Moving, tangentAlgebra } from "./algebra.js";
import { differentiate, type Moved, moved } from "./differences.js";

/** Which arguments of an operation move. */
export type Movers = readonly boolean[];

/** How each operation is named whose arguments move so. */
export function tangentName(op: Pick<ElementwiseOp, "name">, movers: Movers): string {
  return `${op.name}'${movers.map(Number).join("")}`;
}

/**
 * The directional derivative of an operation: an operation on its arguments followed by the tangents of those that move.
 * Parameters that move have their tangents beside them, under their name and a prime.
 */
export function tangentOp(op: ElementwiseOp, movers: Movers): ElementwiseOp {
  return {
    kind: "elementwise",
    name: tangentName(op, movers),
    roles: [...op.roles, ...op.roles.filter((_, i) => movers[i])],
    // Where an entry is padding its row may move nevertheless.
    keepsZero: (parameters) => {
      const { at, along } = split(parameters);
      return along === undefined && op.keepsZero(at);
    },
    formula: (o, args, parameters) => {
      let next = op.roles.length;
      const moving = op.roles.map((_, i) => ({ value: args[i]!, tangent: movers[i] ? args[next++]! : null }));
      const { at, along } = split(parameters);
      // A formula may be another one at special parameters, such as 0; so its shape is that a little beside them.
      const { near, numbers } =
        along === undefined ? { near: at, numbers: [] } : differentiate(at, along, (there) => constantsOf(op, there));
      return op.formula(tangentAlgebra(o, inTurn(o, numbers)), moving, near).tangent ?? o.constant(0);
    },
  };
}

/** Every way in which arguments of an operation move, or parameters alone. More than three are of late operations. */
export function tangentOps(op: ElementwiseOp): ElementwiseOp[] {
  if (op.roles.length > 3) return [];
  const ways = op.roles.reduce<Movers[]>(
    (some, _) =>
      some.flatMap((way) => [
        [...way, false],
        [...way, true],
      ]),
    [[]],
  );
  return ways.map((way) => tangentOp(op, way));
}

/** The parameters of {@link tangentOp}: those of the operation, and how some of them change. */
export function withTangents(parameters: Parameters, along: Parameters): Parameters {
  return { ...parameters, ...Object.fromEntries(Object.entries(along).map(([name, change]) => [`${name}'`, change])) };
}

/** Parameters that may have tangents beside them, a step along those. */
export function movedParameters(parameters: Parameters, step: number): Parameters {
  const { at, along = {} } = split(parameters);
  return moved(at, along, step);
}

function split(parameters: Parameters): { at: Parameters; along: Parameters | undefined } {
  const entries = Object.entries(parameters);
  const moving = entries.filter(([name]) => name.endsWith("'"));
  if (moving.length === 0) return { at: parameters, along: undefined };
  return {
    at: Object.fromEntries(entries.filter(([name]) => !name.endsWith("'"))),
    along: Object.fromEntries(moving.map(([name, change]) => [name.slice(0, -1), change])),
  };
}

/** Constants in the order in which a formula makes them; all that are not listed stand still. */
function inTurn<V>(o: Algebra<V>, constants: readonly Moved[]): (x: number) => Moving<V> {
  let seen = 0;
  return (x) => {
    const { value, slope } = constants[seen++] ?? { value: x, slope: 0 };
    return { value: o.constant(value), tangent: slope === 0 ? null : o.constant(slope) };
  };
}

/** The constants that a formula makes, in order: which ones depends on the parameters alone. */
function constantsOf(op: ElementwiseOp, parameters: Parameters): number[] {
  const made: number[] = [];
  const nothing = (): null => null;
  const recorder: Algebra<null> = {
    constant: (x) => {
      made.push(x);
      return null;
    },
    add: nothing,
    sub: nothing,
    mul: nothing,
    div: nothing,
    fma: nothing,
    min: nothing,
    max: nothing,
    abs: nothing,
    sqrt: nothing,
    exp: nothing,
    atan2: nothing,
    angle: nothing,
    angleExcess: nothing,
    choose: nothing,
  };
  op.formula(
    recorder,
    op.roles.map(() => null),
    parameters,
  );
  return made;
}
