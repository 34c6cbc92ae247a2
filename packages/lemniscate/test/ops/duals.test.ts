import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { erf } from "../../src/core/error-function.js";
import { numbers } from "../../src/ops/algebra.js";
import type { Dual } from "../../src/ops/duals/dual.js";
import { errorFunctionDual } from "../../src/ops/duals/error-function.js";
import { exponentialDual } from "../../src/ops/duals/exponential.js";
import { gaborDual } from "../../src/ops/duals/gabor.js";
import { gaussianDual } from "../../src/ops/duals/gaussian.js";
import { geluDual } from "../../src/ops/duals/gelu.js";
import { polynomialDual } from "../../src/ops/duals/polynomial.js";
import { hermiteDual, powerDual } from "../../src/ops/duals/power.js";
import { rectifiedPowerDual } from "../../src/ops/duals/rectified-power.js";
import { rectifierDual, sidedRectifierOps } from "../../src/ops/duals/rectifier.js";
import { sineDual } from "../../src/ops/duals/sine.js";
import { dual } from "../../src/ops/index.js";
import { elementwiseOps } from "../../src/ops/registry.js";
import { type Gaussians, gaussHermite, homogeneous, integrate, smooth } from "./quadrature.js";

interface Row {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: parameters are each dual's own
  readonly of: Dual<any>;
  readonly parameters: object;
  readonly phi: (x: number) => number;
  readonly slope: (x: number) => number;
  /** Whether φ is linear but for a kink at 0. */
  readonly kinked: boolean;
  /** Whether its moments are larger than a number can be at large variances. */
  readonly overflows?: boolean;
  /** What variances are multiplied by, where the quadrature is not right at larger ones; default 1. */
  readonly narrowed?: number;
}

const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const distribution = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;

const rectifier = (below: number, above: number): Row => ({
  name: `rectifier (${below}, ${above})`,
  of: rectifierDual,
  parameters: { below, above },
  phi: (x) => (x < 0 ? below : above) * x,
  slope: (x) => (x < 0 ? below : above),
  kinked: true,
});

const rows: readonly Row[] = [
  rectifier(0, 1),
  rectifier(-1, 1),
  rectifier(0.2, 1),
  rectifier(1, 1),
  rectifier(-0.3, 1.7),
  {
    name: "erf",
    of: errorFunctionDual,
    parameters: { scale: 1.5, slope: 0.8, shift: -0.3 },
    phi: (x) => 1.5 * erf(0.8 * x) - 0.3,
    slope: (x) => 1.5 * 0.8 * (2 / Math.sqrt(Math.PI)) * Math.exp(-((0.8 * x) ** 2)),
    kinked: false,
  },
  {
    name: "gelu",
    of: geluDual,
    parameters: {},
    phi: (x) => x * distribution(x),
    slope: (x) => distribution(x) + x * density(x),
    kinked: false,
  },
  {
    name: "sin",
    of: sineDual,
    parameters: { scale: 1.2, slope: 0.9, phase: 0.4 },
    phi: (x) => 1.2 * Math.sin(0.9 * x + 0.4),
    slope: (x) => 1.2 * 0.9 * Math.cos(0.9 * x + 0.4),
    kinked: false,
  },
  {
    name: "exp",
    of: exponentialDual,
    parameters: { scale: 0.7, slope: 0.6 },
    phi: (x) => 0.7 * Math.exp(0.6 * x),
    slope: (x) => 0.7 * 0.6 * Math.exp(0.6 * x),
    kinked: false,
    overflows: true,
  },
  {
    name: "gaussian",
    of: gaussianDual,
    parameters: { scale: 1.2, exponent: -0.4 },
    phi: (x) => 1.2 * Math.exp(-0.4 * x * x),
    slope: (x) => -0.96 * x * Math.exp(-0.4 * x * x),
    kinked: false,
  },
  {
    name: "gabor",
    of: gaborDual,
    parameters: {},
    phi: (x) => Math.exp(-x * x) * Math.sin(x),
    slope: (x) => Math.exp(-x * x) * (Math.cos(x) - 2 * x * Math.sin(x)),
    kinked: false,
    narrowed: 0.4,
  },
  {
    name: "cube",
    of: powerDual,
    parameters: { degree: 3 },
    phi: (x) => x ** 3,
    slope: (x) => 3 * x * x,
    kinked: false,
    overflows: true,
  },
  {
    name: "fourth Hermite polynomial",
    of: hermiteDual,
    parameters: { degree: 4 },
    phi: (x) => (x ** 4 - 6 * x * x + 3) / Math.sqrt(24),
    slope: (x) => (4 * x ** 3 - 12 * x) / Math.sqrt(24),
    kinked: false,
    overflows: true,
  },
  {
    name: "polynomial",
    of: polynomialDual,
    parameters: { coefficients: [0.4, -1, 0.3, 0.2] },
    phi: (x) => 0.4 - x + 0.3 * x * x + 0.2 * x ** 3,
    slope: (x) => -1 + 0.6 * x + 0.6 * x * x,
    kinked: false,
    overflows: true,
  },
  {
    name: "rectified power of degree 1",
    of: rectifiedPowerDual,
    parameters: { degree: 1 },
    phi: (x) => Math.max(x, 0),
    slope: (x) => (x > 0 ? 1 : 0),
    kinked: true,
  },
];

const covariance = ({ of, parameters }: Row, { pp, pq, qq }: Gaussians): number =>
  of.covariance(numbers, pp, pq, qq, parameters);
const derivative = ({ of, parameters }: Row, { pp, pq, qq }: Gaussians): number =>
  of.derivative(numbers, pp, pq, qq, parameters);

/** Variances and a correlation as a covariance. */
const gaussians = fc
  .record({
    pp: fc.double({ min: 0.05, max: 3, noNaN: true }),
    qq: fc.double({ min: 0.05, max: 3, noNaN: true }),
    rho: fc.double({ min: -0.999, max: 0.999, noNaN: true }),
  })
  .map(({ pp, qq, rho }): Gaussians => ({ pp, qq, pq: rho * Math.sqrt(pp * qq) }));

describe.each(rows)("dual of $name", (row) => {
  const fixed = { seed: 1, numRuns: row.kinked ? 60 : 25 };
  const close = (a: number, b: number, scale: number): void => expect(Math.abs(a - b)).toBeLessThan(1e-10 * scale);

  test("is the integral it stands for", () => {
    fc.assert(
      fc.property(gaussians, (drawn) => {
        const by = row.narrowed ?? 1;
        const of = { pp: by * drawn.pp, pq: by * drawn.pq, qq: by * drawn.qq };
        const scale = 1 + of.pp + of.qq;
        const [wanted, slopes] = row.kinked
          ? [homogeneous(row.phi, 1, of), homogeneous(row.slope, 0, of)]
          : [smooth(row.phi, of), smooth(row.slope, of)];
        close(covariance(row, of), wanted, scale);
        close(derivative(row, of), slopes, scale);
      }),
      fixed,
    );
  });

  test("has its limits at correlations of ±1", () => {
    const rule = gaussHermite(120);
    for (const [pp, qq] of [
      [1, 1],
      [0.3, 2],
      [1e-6, 3],
    ] as const)
      for (const sign of [1, -1]) {
        const [s, t] = [Math.sqrt(pp), sign * Math.sqrt(qq)];
        const mean = (f: (x: number) => number): number =>
          row.kinked
            ? integrate((x) => density(x) * f(s * x) * f(t * x), 0, 12, 80) +
              integrate((x) => density(x) * f(s * x) * f(t * x), -12, 0, 80)
            : rule.reduce((sum, [x, w]) => sum + w * f(s * x) * f(t * x), 0);
        const of = { pp, qq, pq: s * t };
        close(covariance(row, of), mean(row.phi), 1 + qq);
        // The angle at an end is known to half of the digits.
        expect(Math.abs(derivative(row, of) - mean(row.slope))).toBeLessThan(3e-8);
      }
  });

  test("is finite without variance, with tiny and with large ones, and a rounding error beyond ±1", () => {
    const edges = [
      [0, 0, 0],
      [1, 0, 0],
      [0, 0, 2],
      [1e-300, 1e-300, 1e-300],
      [1e-310, 0, 1],
      [1e-160, -1e-160, 1e-160],
      [1, 1 + 1e-15, 1],
      [1, -1 - 1e-15, 1],
      [0.1 * 3, 0.3, 0.3],
    ] as const;
    const large = [
      [1e6, 1e6, 1e6],
      [1e100, -3e99, 1e100],
      [1e150, 1e150, 1e150],
    ] as const;
    const possible = row.overflows ? [] : large;
    for (const [pp, pq, qq] of [...edges, ...possible]) {
      expect(covariance(row, { pp, pq, qq }), `covariance at ${pp}, ${pq}, ${qq}`).toSatisfy(Number.isFinite);
      expect(derivative(row, { pp, pq, qq }), `derivative at ${pp}, ${pq}, ${qq}`).toSatisfy(Number.isFinite);
    }
    const zero = row.phi(0);
    close(covariance(row, { pp: 0, pq: 0, qq: 0 }), zero * zero, 1);
    if (row.of.keepsZero(row.parameters)) expect(covariance(row, { pp: 0, pq: 0, qq: 2 })).toBe(0);
    else expect(zero).not.toBe(0);
  });

  test("treats both sides alike, and its variances are those of φ", () => {
    fc.assert(
      fc.property(gaussians, ({ pp, pq, qq }) => {
        close(covariance(row, { pp, pq, qq }), covariance(row, { pp: qq, pq, qq: pp }), 1 + pp + qq);
        const [a, b] = [covariance(row, { pp, pq: pp, qq: pp }), covariance(row, { pp: qq, pq: qq, qq })];
        expect(Math.abs(covariance(row, { pp, pq, qq }))).toBeLessThanOrEqual(Math.sqrt(a * b) * (1 + 1e-12));
      }),
      fixed,
    );
  });
});

test("rectifiers that are given roots compute the same bits", () => {
  const variance = fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.constant(0));
  const slope = fc.double({ min: -2, max: 2, noNaN: true });
  fc.assert(
    fc.property(
      variance,
      variance,
      fc.double({ min: -1, max: 1, noNaN: true }),
      slope,
      slope,
      (pp, qq, rho, ...slopes) => {
        const [pq, parameters] = [rho * Math.sqrt(pp * qq), { below: slopes[0], above: slopes[1] }];
        const known = (k: number): readonly number[] => [k, Math.sqrt(k), 1 / Math.sqrt(k)];
        for (const [name, sided] of sidedRectifierOps) {
          const plain = elementwiseOps.get(name)!.formula(numbers, [pp, pq, qq], parameters);
          expect(sided.formula(numbers, [...known(pp), pq, ...known(qq)], parameters)).toBe(plain);
        }
      },
    ),
    { seed: 1, numRuns: 100 },
  );
  expect(sidedRectifierOps.size).toBe(3);
});

describe("dual()", () => {
  test("knows six nonlinearities", () => {
    const of = { pp: 1, pq: 0.5, qq: 1 };
    const values = (["relu", "abs", "erf", "gelu", "sin", "exp"] as const).map((name) => dual(name, of).covariance);
    const plain = [
      homogeneous((x) => Math.max(x, 0), 1, of),
      homogeneous(Math.abs, 1, of),
      smooth(erf, of),
      smooth((x) => x * distribution(x), of),
      smooth(Math.sin, of),
      smooth(Math.exp, of),
    ];
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(plain[i]!, 10);
  });

  test.each([
    [{ pp: -1, pq: 0, qq: 1 }, "pp -1, pq 0, qq 1"],
    [{ pp: 1, pq: 1.1, qq: 1 }, "pp 1, pq 1.1, qq 1"],
    [{ pp: Number.NaN, pq: 0, qq: 1 }, "pp NaN, pq 0, qq 1"],
  ])("refuses %o", (of, given) => {
    expect(() => dual("relu", of)).toThrow(
      `dual: got ${given}, allowed is variances ≥ 0 and |pq| ≤ √(pp·qq). Two random variables cannot covary more than they vary.`,
    );
  });
});
