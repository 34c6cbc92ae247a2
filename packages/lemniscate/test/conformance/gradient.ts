/** @module Derivatives of kernels against differences of kernels. */
import { type Batch, type Engine, kernelGradient, kernels, type Network, networkFromData } from "lemniscate";
import { expect } from "vitest";

const both = ["nngp", "ntk"] as const;
type Place = readonly (string | number)[];

/** Places of all numbers in a network. */
function numbersIn(node: unknown, place: Place = []): Place[] {
  if (typeof node === "number") return [place];
  if (typeof node !== "object" || node === null) return [];
  const keyed = Object.entries(node).map(([key, value]) => [Array.isArray(node) ? Number(key) : key, value] as const);
  return keyed.flatMap(([key, value]) => numbersIn(value, [...place, key]));
}

/** The network with another number at a place, or nothing if that cannot be. */
function changed(net: Network, place: Place, by: number): Network | undefined {
  const data = JSON.parse(JSON.stringify(net));
  const holder = place.slice(0, -1).reduce((node, key) => node[key], data);
  holder[place.at(-1)!] += by;
  try {
    return networkFromData(data);
  } catch {
    return undefined;
  }
}

/**
 * Compares derivatives by all numbers that can vary, of those in `watched`, with central differences of fourth order, made by the first
 * engine; answers with the places.
 */
export async function checkGradient(
  net: Network,
  x: Batch,
  engines: readonly Engine[],
  watched: (place: string) => boolean = () => true,
  tolerance: { readonly nngp: number; readonly ntk: number } = { nngp: 1e-7, ntk: 1e-6 },
): Promise<string[]> {
  const varied = numbersIn(net).flatMap((place) => {
    const value = place.reduce((node, key) => (node as never)[key], net as unknown) as number;
    const h = 1e-3 * (Math.abs(value) || 1);
    const nets = [h, -h, 2 * h, -2 * h].map((by) => changed(net, place, by));
    // Numbers that cannot vary by themselves, those of approximations, and entries of matrices that are 0 and so are not there.
    const fixed =
      ["maxVariance", "tolerance", "expansion"].some((name) => place.includes(name)) ||
      (place.includes("matrix") && value === 0) ||
      place.includes("covariance");
    if (!watched(place.join("."))) return [];
    return fixed || nets.includes(undefined) ? [] : [{ place, h, nets }];
  });
  const by = varied.map(({ place }) => place.join("."));
  if (by.length === 0) return by;
  const [first] = engines as [Engine];
  // All of them in one pass.
  const named = varied.flatMap(({ nets }, n) => nets.map((one, k) => [`${n} ${k}`, one!] as const));
  const found = await kernels(Object.fromEntries([["", net], ...named]))(x, null, { get: both, engine: first });
  const plain = found[""]!;
  const differences = varied.map(({ h }, n) => {
    const at = [0, 1, 2, 3].map((k) => found[`${n} ${k}`]!);
    const slope = (q: "nngp" | "ntk") =>
      plain[q].data.map((_, i) => {
        const [a, b, c, d] = at.map((one) => one[q].data[i]!) as [number, number, number, number];
        return (8 * (a - b) - (c - d)) / (12 * h);
      });
    return { nngp: slope("nngp"), ntk: slope("ntk") };
  });
  for (const engine of engines) {
    const { value, gradient } = await kernelGradient(net, { by })(x, null, { get: both, engine });
    for (const q of both) {
      const scale = Math.max(1e-300, ...plain[q].data.map(Math.abs));
      for (const [i, wanted] of plain[q].data.entries())
        expect(Math.abs(value[q].data[i]! - wanted)).toBeLessThanOrEqual(
          1e-12 * scale + (q === "ntk" ? 3e-8 * scale : 0),
        );
      for (const [n, place] of by.entries()) {
        const slopes = differences[n]![q];
        const unit =
          Math.max(scale, ...plain.nngp.data.map(Math.abs)) / Math.min(1, 1e3 * varied[n]!.h) +
          Math.max(...slopes.map(Math.abs));
        for (const [i, wanted] of slopes.entries()) {
          const error = Math.abs(gradient[place]![q].data[i]! - wanted) / unit;
          if (!(error <= tolerance[q]))
            expect.fail(
              `${engine.name}: ${q} by ${place} at [${i}]: ${gradient[place]![q].data[i]} instead of ${wanted}`,
            );
        }
      }
    }
  }
  return by;
}
