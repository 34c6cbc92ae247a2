// Copied beside the generated doc-tests, where it serves the `// ≈` lines.
import { expect } from "vitest";

/** `value` with typed arrays, at every depth, made plain arrays. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

/** `got` with each number that is near enough replaced by the wanted one. Both are plain. */
function rounded(got: unknown, wanted: unknown): unknown {
  if (typeof got === "number" && typeof wanted === "number")
    return Math.abs(got - wanted) <= 1e-6 * Math.max(Math.abs(wanted), 1e-6) ? wanted : got;
  if (Array.isArray(got) && Array.isArray(wanted)) return got.map((entry, i) => rounded(entry, wanted[i]));
  if (got === null || typeof got !== "object" || wanted === null || typeof wanted !== "object") return got;
  const fields = wanted as Record<string, unknown>;
  return Object.fromEntries(Object.entries(got).map(([key, entry]) => [key, rounded(entry, fields[key])]));
}

/** Fails unless all numbers in `got` are those in `wanted`, to a relative 1e-6. Typed and plain arrays are alike. */
export function near(got: unknown, wanted: unknown): void {
  expect(rounded(plain(got), plain(wanted))).toEqual(plain(wanted));
}
