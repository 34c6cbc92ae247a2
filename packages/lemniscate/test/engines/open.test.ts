import { openEngine } from "lemniscate";
import { describe, expect, test } from "vitest";
import { reference } from "./setting.js";

describe("openEngine", () => {
  test.each([
    [{ name: "gpu" }, 'openEngine: name: got "gpu", allowed is "wasm" or "reference". Leave it out for the fast one.'],
    [{ precision: "f16" }, 'openEngine: precision: got "f16", allowed is "f64" or "f32". Leave it out for double.'],
    [
      { threads: 0 },
      "openEngine: threads: got 0, allowed is a whole number from 1 to 256. Leave it out to use every core.",
    ],
    [
      { threads: 1.5 },
      "openEngine: threads: got 1.5, allowed is a whole number from 1 to 256. Leave it out to use every core.",
    ],
    [
      { name: "reference", precision: "f32" },
      'openEngine: precision of "reference": got "f32", allowed is "f64". Use name: "wasm" for single precision.',
    ],
  ])("refuses %j", async (options, message) => {
    await expect(openEngine(options as never)).rejects.toThrow(message);
  });

  test("says what was opened", async () => {
    await using engine = await openEngine({ threads: 2, precision: "f32" });
    expect([engine.name, engine.precision, engine.threads]).toEqual(["wasm", "f32", 2]);
    expect([reference.name, reference.precision, reference.threads]).toEqual(["reference", "f64", 1]);
  });
});
