import type { Algebra } from "../algebra.js";

/** A number and how it changes along a direction; `null` if it does not. */
export interface Moving<V> {
  readonly value: V;
  readonly tangent: V | null;
}

/**
 * Arithmetic on numbers and their directional derivatives: what makes a formula's derivative of the formula. `constant`
 * says how constants change, if they do.
 *
 * Where a value has no derivative, at the edge of what Gaussians can be, tangents are those of staying at the edge: of √0
 * and of the angle 0 they are 0, so that identical examples remain identical. Of two equal numbers the first counts as the
 * larger (and the smaller), and 0 as positive: one side for all operations, so that formulas which join there have the
 * slope that both sides share.
 */
export function tangentAlgebra<V>(
  o: Algebra<V>,
  constant: (x: number) => Moving<V> = (x) => ({ value: o.constant(x), tangent: null }),
): Algebra<Moving<V>> {
  const zero = o.constant(0);
  const sum = (x: V | null, y: V | null): V | null => (x === null ? y : y === null ? x : o.add(x, y));
  const less = (x: V | null): V | null => (x === null ? null : o.sub(zero, x));
  const times = (x: V | null, by: V): V | null => (x === null ? null : o.mul(x, by));
  const pick = (a: V, b: V, yes: V | null, no: V | null): V | null =>
    yes === null && no === null ? null : o.choose(a, b, yes ?? zero, no ?? zero);
  const made = (value: V, tangent: V | null): Moving<V> => ({ value, tangent });
  const product = (x: Moving<V>, y: Moving<V>): V | null => sum(times(x.tangent, y.value), times(y.tangent, x.value));
  /** dx·slope where x is positive, 0 where it is not. */
  const inside = ({ value, tangent }: Moving<V>, slope: () => V): V | null =>
    tangent === null ? null : o.choose(value, zero, zero, o.mul(tangent, slope()));
  return {
    constant,
    add: (x, y) => made(o.add(x.value, y.value), sum(x.tangent, y.tangent)),
    sub: (x, y) =>
      made(
        o.sub(x.value, y.value),
        x.tangent !== null && y.tangent !== null ? o.sub(x.tangent, y.tangent) : sum(x.tangent, less(y.tangent)),
      ),
    mul: (x, y) => made(o.mul(x.value, y.value), product(x, y)),
    div: (x, y) => {
      const value = o.div(x.value, y.value);
      const rise = sum(x.tangent, less(times(y.tangent, value)));
      return made(value, rise === null ? null : o.div(rise, y.value));
    },
    fma: (x, y, z) => made(o.fma(x.value, y.value, z.value), sum(product(x, y), z.tangent)),
    min: (x, y) => made(o.min(x.value, y.value), pick(x.value, y.value, x.tangent, y.tangent)),
    max: (x, y) => made(o.max(x.value, y.value), pick(y.value, x.value, x.tangent, y.tangent)),
    abs: (x) => made(o.abs(x.value), pick(zero, x.value, x.tangent, less(x.tangent))),
    sqrt: (x) => {
      const root = o.sqrt(x.value);
      return made(
        root,
        inside(x, () => o.div(o.constant(0.5), root)),
      );
    },
    exp: (x) => {
      const power = o.exp(x.value);
      return made(power, times(x.tangent, power));
    },
    atan2: (y, x) => {
      const angle = o.atan2(y.value, x.value);
      const turn = sum(times(y.tangent, x.value), less(times(x.tangent, y.value)));
      const square = o.fma(x.value, x.value, o.mul(y.value, y.value));
      return made(angle, turn === null ? null : o.choose(square, zero, zero, o.div(turn, square)));
    },
    // dθ = dd / sin θ
    angle: (d) =>
      made(
        o.angle(d.value),
        inside(d, () => o.div(o.constant(1), o.sqrt(o.mul(d.value, o.sub(o.constant(2), d.value))))),
      ),
    // d(sin θ − θ cos θ) = θ dd
    angleExcess: (d) => made(o.angleExcess(d.value), times(d.tangent, o.angle(d.value))),
    choose: (a, b, yes, no) =>
      made(o.choose(a.value, b.value, yes.value, no.value), pick(a.value, b.value, yes.tangent, no.tangent)),
  };
}
