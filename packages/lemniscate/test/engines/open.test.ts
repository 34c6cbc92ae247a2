import { kernel, openEngine } from "lemniscate";
import { describe, expect, test } from "vitest";
import { ragged, reference, transformer } from "./setting.js";

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
    [{ vectorBits: 512 }, "openEngine: vectorBits: got 512, allowed is 128 or 256. Leave it out for 128."],
    [
      { name: "reference", vectorBits: 256 },
      'openEngine: vectorBits of "reference": got 256, allowed is 128. Leave it out: only name: "wasm" has vectors.',
    ],
  ])("refuses %j", async (options, message) => {
    await expect(openEngine(options as never)).rejects.toThrow(message);
  });

  test("pairs vectors where the runtime does, with the same bits, and says so where not", async () => {
    const opened = openEngine({ threads: 1, vectorBits: 256 });
    if (Number.parseInt(process.versions.v8, 10) < 12)
      return await expect(opened).rejects.toThrow(
        "openEngine: vectorBits: got 256, allowed is 128 in browsers and in Node before version 22. Leave it out, or run a later Node.",
      );
    await using engine = await opened;
    await using other = await openEngine({ threads: 1 });
    const [found, wanted] = await Promise.all(
      [engine, other].map((engine) => kernel(transformer)(ragged(3, 30, 17, 5), null, { get: "ntk", engine })),
    );
    expect(found!.data).toEqual(wanted!.data);
  });

  test("says what was opened", async () => {
    await using engine = await openEngine({ threads: 2, precision: "f32" });
    expect([engine.name, engine.precision, engine.threads, engine.vectorBits]).toEqual(["wasm", "f32", 2, 128]);
    expect([reference.name, reference.precision, reference.threads]).toEqual(["reference", "f64", 1]);
  });
});
