import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Algebra, numbers } from "../../src/ops/algebra.js";
import { elementwiseOps } from "../../src/ops/registry.js";
import { type Moving, tangentAlgebra } from "../../src/ops/tangents/algebra.js";
import { differentiate, interpolate, stencils } from "../../src/ops/tangents/differences.js";
import { tangentName, withTangents } from "../../src/ops/tangents/elementwise.js";

const o = tangentAlgebra(numbers);

/** Formulas that use every operation, on numbers where they are smooth. */
const formulas: Readonly<Record<string, <V>(o: Algebra<V>, x: V, y: V) => V>> = {
  add: (o, x, y) => o.add(x, y),
  sub: (o, x, y) => o.sub(x, y),
  mul: (o, x, y) => o.mul(x, y),
  div: (o, x, y) => o.div(x, y),
  fma: (o, x, y) => o.fma(x, y, x),
  min: (o, x, y) => o.min(x, y),
  max: (o, x, y) => o.max(x, y),
  abs: (o, x) => o.abs(x),
  sqrt: (o, x, y) => o.sqrt(o.abs(o.mul(x, y))),
  exp: (o, x, y) => o.exp(o.mul(x, y)),
  atan2: (o, x, y) => o.atan2(x, y),
  angle: (o, x, y) => o.angle(o.div(o.abs(x), o.add(o.abs(x), o.abs(y)))),
  angleExcess: (o, x, y) => o.angleExcess(o.div(o.abs(x), o.add(o.abs(x), o.abs(y)))),
  choose: (o, x, y) => o.choose(x, y, o.mul(x, x), o.mul(y, x)),
};

test("every operation of the algebra has a formula here", () => {
  expect(Object.keys(formulas).sort()).toEqual(
    Object.keys(numbers)
      .filter((name) => name !== "constant")
      .sort(),
  );
});

test.each(Object.keys(formulas))("%s: the derivative that differences have", (name) => {
  const formula = formulas[name]!;
  const size = fc.double({ min: 0.1, max: 2, noNaN: true });
  const sign = fc.constantFrom(-1, 1);
  const number = fc.tuple(size, sign).map(([a, b]) => a * b);
  fc.assert(
    fc.property(number, number, number, number, (x, y, dx, dy) => {
      fc.pre(Math.abs(Math.abs(x) - Math.abs(y)) > 0.01);
      const h = 1e-5;
      const at = (t: number) => formula(numbers, x + t * dx, y + t * dy);
      const wanted = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      const { value, tangent } = formula(o, { value: x, tangent: dx }, { value: y, tangent: dy });
      expect(value).toBe(formula(numbers, x, y));
      expect(Math.abs(tangent! - wanted)).toBeLessThan(1e-7 * Math.max(1, Math.abs(wanted)));
      // One that stands still is one with the tangent 0.
      const half = formula(o, { value: x, tangent: dx }, { value: y, tangent: null });
      const zero = formula(o, { value: x, tangent: dx }, { value: y, tangent: 0 });
      expect(half.tangent ?? 0).toBeCloseTo(zero.tangent!, 12);
    }),
    { numRuns: 50 },
  );
});

describe("at edges", () => {
  const at = (value: number, tangent = 1): Moving<number> => ({ value, tangent });
  test("√0, the angle 0 and the angle of the origin stay where they are", () => {
    expect(o.sqrt(at(0)).tangent).toBe(0);
    expect(o.angle(at(0)).tangent).toBe(0);
    expect(o.angleExcess(at(0)).tangent).toBe(0);
    expect(o.atan2(at(0), at(0)).tangent).toBe(0);
  });
  test("0 is positive, and of two equal numbers the first one is taken", () => {
    expect(o.abs(at(0)).tangent).toBe(1);
    expect(o.max(at(2, 3), at(2, 5)).tangent).toBe(3);
    expect(o.min(at(2, 3), at(2, 5)).tangent).toBe(3);
  });
});

describe("rectifiers at corners of what Gaussians can be", () => {
  const slopes = { below: 0, above: 1 };
  const tangent = (name: string, values: readonly number[], moves: readonly number[]): number => {
    const op = elementwiseOps.get(tangentName({ name }, [true, true, true]))!;
    return op.formula(numbers, [...values, ...moves], slopes);
  };
  test("uncorrelated: both sides agree", () => {
    expect(tangent("dualRectifier", [1, 0, 1], [0, 1, 0])).toBeCloseTo(1 / 4, 14);
    expect(tangent("dualRectifierDot", [1, 0, 1], [0, 1, 0])).toBeCloseTo(1 / (2 * Math.PI), 14);
  });
  test("identical and scaled alike: those of half the variance", () => {
    expect(tangent("dualRectifier", [2, 2, 2], [1, 1, 1])).toBeCloseTo(1 / 2, 14);
    expect(tangent("dualRectifierDot", [2, 2, 2], [1, 1, 1])).toBe(0);
    expect(tangent("dualRectifier", [2, -2, 2], [1, -1, 1])).toBe(0);
  });
  test("no variance: nothing, and no NaN", () => {
    expect(tangent("dualRectifier", [0, 0, 1], [0, 0, 1])).toBe(0);
    expect(tangent("dualRectifierDot", [0, 0, 0], [1, 1, 1])).toBe(0);
  });
});

describe("differences", () => {
  test.each(stencils)("polynomials of degree five: points %j", (...points) => {
    const p = (x: number) => 3 + 2 * x - x ** 2 + 0.5 * x ** 3 - x ** 4 + 0.1 * x ** 5;
    const { value, slope } = interpolate(points, points.map(p));
    expect(Math.abs(value - 3)).toBeLessThan(1e-11);
    expect(Math.abs(slope - 2)).toBeLessThan(1e-11);
  });

  test("functions to 1e-12, lists entry by entry, and equal numbers exactly", () => {
    const { numbers: found } = differentiate({ a: 0.3, b: [1, 2] }, { a: 1, b: [0, 3] }, (at) => {
      const [a, b] = [at["a"] as number, at["b"] as readonly number[]];
      return [Math.exp(a), 1 / a, b[1]! ** 2, b[0]!];
    });
    for (const [i, [value, slope]] of [
      [Math.exp(0.3), Math.exp(0.3)],
      [1 / 0.3, -1 / 0.09],
      [4, 12],
    ].entries()) {
      expect(Math.abs(found[i]!.value / value! - 1)).toBeLessThan(1e-12);
      expect(Math.abs(found[i]!.slope / slope! - 1)).toBeLessThan(1e-11);
    }
    expect(found[3]).toEqual({ value: 1, slope: 0 });
  });

  test("a formula that is another one at 0 has the slope of its neighbours", () => {
    const op = elementwiseOps.get(tangentName({ name: "dualSine" }, [false, false, false]))!;
    const slope = (phase: number) =>
      op.formula(numbers, [1, 0.5, 2], withTangents({ scale: 1, slope: 1, phase }, { phase: 1 }));
    expect(slope(0)).toBeCloseTo(0, 12);
    expect(slope(1e-3)).toBeCloseTo(2e-3 * Math.exp(-2), 8);
  });

  test("what never agrees has none", () => {
    let calls = 0;
    expect(() => differentiate({ a: 0 }, { a: 1 }, () => Array(calls++).fill(1))).toThrow("no derivative by a");
  });
});
