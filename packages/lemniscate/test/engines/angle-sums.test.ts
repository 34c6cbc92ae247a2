import { describe, expect, test } from "vitest";
import { curveDownTo, sumOver } from "../../dist/engines/wasm/angle-sums.js";
import { random } from "../conformance/random.js";

const functions = ["moduli", "signs"] as const;

/** The sums as they are written, with as many digits as doubles have. */
const literal = {
  moduli: (d: number): number => {
    const angle = 2 * Math.asin(Math.sqrt(d / 2));
    return 1 - d + (2 / Math.PI) * (Math.sqrt(d * (2 - d)) - angle * (1 - d));
  },
  signs: (d: number): number => 1 - (2 / Math.PI) * 2 * Math.asin(Math.sqrt(d / 2)),
} as const;

describe("sums over angles by polynomials", () => {
  test.each([
    ["apart", (u: number) => 0.2 + 0.8 * u],
    ["of any size", (u: number) => u],
    ["near each other", (u: number) => 1e-3 * (1 + u)],
    ["down to near-copies", (u: number) => 10 ** (-9 * u)],
    ["down to copies but for rounding", (u: number) => 10 ** (-15.3 * u)],
    ["with copies among them", (u: number) => (u < 0.3 ? 0 : u * u)],
    ["of copies alone", () => 0],
    ["of orthogonal tokens", () => 1],
  ] as const)("err by rounding for distances %s", (_, distanceOf) => {
    const { uniform, normal } = random(7);
    const distances = Float64Array.from({ length: 200 }, () => distanceOf(uniform()));
    const weights = Float64Array.from({ length: 200 }, normal);
    const scale = weights.reduce((sum, v) => sum + Math.abs(v), 0);
    const least = distances.reduce((min, d) => (d > 0 ? Math.min(min, d) : min), 1);
    for (const of of functions) {
      const total = sumOver(curveDownTo(least, of, "f64"), distances, weights);
      for (const d of distances) {
        const wanted = distances.reduce((sum, e, i) => sum + weights[i]! * literal[of](d + e - d * e), 0);
        expect(Math.abs(total(d) - wanted) / scale).toBeLessThan(1e-14);
      }
    }
  });

  test("distances below what single precision tells apart count as copies", () => {
    const distances = Float64Array.of(1e-9, 0.3);
    const total = sumOver(curveDownTo(1e-9, "signs", "f32"), distances, Float64Array.of(1, 1));
    expect(Math.abs(total(1e-9) - (literal.signs(2e-9) + literal.signs(0.3)))).toBeLessThan(1e-4);
  });
});
