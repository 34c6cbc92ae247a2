import { batch, dense, kernel, relu, repeat, serial, trainingDynamics } from "lemniscate";
import { expect, test } from "vitest";
import { normals } from "../linalg/matrices.js";

// Where Neural Tangents answers with NaN: a deep ReLU network on 100 points in single precision, little regularisation.
test("a deep network in single precision has finite predictions at all times, those of double precision early on", async () => {
  const next = normals(5);
  const x = batch([100, 1], Float64Array.from({ length: 100 }, next));
  const y = Float64Array.from(x.data, (value) => Math.sin(2 * value) + 0.1 * next());
  const grid = batch([5, 1], [-2, -1, 0, 1, 2]);
  const net = serial(repeat(serial(dense({ weightStd: Math.SQRT2, biasStd: 0.1 }), relu()), 5), dense());
  const k = kernel(net);
  const at = { times: [0, 10, 1e3, 1e6, Number.POSITIVE_INFINITY], uncertainty: "variance" } as const;
  const found = await Promise.all(
    (["f32", "f64"] as const).map(async (precision) => {
      const run = await trainingDynamics(k, x, y, { noise: { relative: 1e-4 }, precision });
      return run.predict(grid, { ...at, precision });
    }),
  );
  const [single, double] = found as [(typeof found)[0], (typeof found)[0]];
  for (const [i, { mean, variance, time }] of single.entries())
    for (const k of grid.data.keys()) {
      expect(Number.isFinite(mean.data[k])).toBe(true);
      expect(variance[k]).toBeGreaterThanOrEqual(0);
      if (time > 1e3) continue;
      expect(mean.data[k]).toBeCloseTo(double[i]!.mean.data[k]!, 2);
    }
  // Trained to the end it fits the function it was shown.
  for (const [k, value] of grid.data.entries())
    expect(Math.abs(double.at(-1)!.mean.data[k]! - Math.sin(2 * value))).toBeLessThan(0.6);
});
