import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatNpy, type NpyData, numbersOf, parseNpy, readNpy, writeNpy } from "../../src/data/npy.js";
import { errorOf, filesIn, hasShared, needsShared, shared } from "./shared.js";

/** A file as NumPy writes it, made by hand. */
function npy(descr: string, shape: string, data: Uint8Array, { version = 1, fortran = "False" } = {}): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...Buffer.from("NUMPY"), version, 0, ...length, ...Buffer.from(text), ...data]);
}
const raw = (data: NpyData) => new Uint8Array(data.buffer);

describe("parseNpy", () => {
  it("reads versions 1.0, 2.0 and 3.0", () => {
    for (const version of [1, 2, 3]) {
      const array = parseNpy(npy("<f4", "(2, 2)", raw(Float32Array.of(1, 2, 3, 4)), { version }), "x.npy");
      expect(array).toEqual({ shape: [2, 2], dtype: "f4", data: Float32Array.of(1, 2, 3, 4) });
    }
  });

  it("turns Fortran order into rows", () => {
    const data = raw(Int16Array.of(0, 3, 1, 4, 2, 5));
    expect([...parseNpy(npy("<i2", "(2, 3)", data, { fortran: "True" }), "x").data]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("reads big-endian numbers, booleans, scalars and empty arrays", () => {
    expect([...parseNpy(npy(">u2", "(2,)", Uint8Array.of(1, 2, 0, 3)), "x").data]).toEqual([258, 3]);
    expect(parseNpy(npy("|b1", "(2,)", Uint8Array.of(1, 0)), "x").dtype).toBe("bool");
    expect(parseNpy(npy("<f8", "()", raw(Float64Array.of(3.5))), "x")).toMatchObject({ shape: [] });
    expect(parseNpy(npy("<f8", "(0, 5)", new Uint8Array()), "x").shape).toEqual([0, 5]);
    expect(parseNpy(npy("<f8", "(0, 5)", new Uint8Array(), { fortran: "True" }), "x").data).toHaveLength(0);
  });

  it("widens half precision", () => {
    const halves = Uint16Array.of(0x0000, 0x8000, 0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x7e00);
    expect([...parseNpy(npy("<f2", "(9,)", raw(halves)), "x").data]).toEqual(
      [0, -0, 1, -2, 2 ** -24, 65504, Infinity, -Infinity, NaN], // the corners of binary16
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["no bytes", new Uint8Array(), /^x\.npy: byte 0: got the end of the file/],
    ["other magic", Uint8Array.from([0x93, 0x4e, 0x55, 0x00, 1, 1, 1, 1]), /^x\.npy: byte 3: got 0x00/],
    ["version 9", npy("<f4", "(1,)", new Uint8Array(4), { version: 9 }), /byte 6: got format version 9\.0/],
    ["cut header", npy("<f4", "(1,)", new Uint8Array(4)).subarray(0, 30), /byte 30: got the end of the file inside/],
    ["cut numbers", npy("<f4", "(9,)", new Uint8Array(30)), /6 bytes early, allowed is 36 bytes/],
    ["too many bytes", npy("<f4", "(1,)", new Uint8Array(6)), /2 bytes too many/],
    ["an absurd shape", npy("<f4", "(99999999, 99999999)", new Uint8Array(6)), /allowed is 3999999920000000\d bytes/],
    ["Python objects", npy("|O", "(2,)", new Uint8Array(6)), /unpickling runs code.*astype/],
    ["text", npy("<U5", "(2,)", new Uint8Array(40)), /\(text\)/],
    ["complex numbers", npy("<c8", "(2,)", new Uint8Array(16)), /\(complex numbers\)/],
    ["records", npy("x', 'descr2': [('a', 'b')], 'c': 'd", "(2,)", new Uint8Array(6)), /byte 10: got/],
  ])("refuses %s, naming the byte", async (_, bytes, message) => {
    const error = await errorOf(() => parseNpy(bytes, "x.npy"));
    expect(error?.code).toBe("BadFile");
    expect(error?.message).toMatch(message);
  });
});

describe("numbersOf", () => {
  it("keeps 64-bit integers honest", async () => {
    const data = BigInt64Array.of(1n, -(2n ** 53n), 2n ** 53n + 1n);
    const array = parseNpy(npy("<i8", "(3,)", raw(data)), "x");
    expect(array.data).toEqual(data);
    expect((await errorOf(() => numbersOf(array)))?.message).toMatch(/element 2: got 9007199254740993/);
    expect(numbersOf(array, { inexact: "round" })[2]).toBe(2 ** 53);
  });
});

const typed = fc.oneof<fc.Arbitrary<NpyData>[]>(
  fc.float32Array({ maxLength: 30 }),
  fc.float64Array({ maxLength: 30 }),
  fc.int8Array({ maxLength: 30 }),
  fc.uint8Array({ maxLength: 30 }),
  fc.int16Array({ maxLength: 30 }),
  fc.uint16Array({ maxLength: 30 }),
  fc.int32Array({ maxLength: 30 }),
  fc.uint32Array({ maxLength: 30 }),
  fc.bigInt64Array({ maxLength: 30 }),
  fc.bigUint64Array({ maxLength: 30 }),
);

describe("formatNpy", () => {
  it("gives back what was written, for every type", () => {
    fc.assert(
      fc.property(typed, fc.boolean(), (data, isColumn) => {
        const shape = isColumn ? [data.length, 1] : [data.length];
        const bytes = formatNpy({ shape, data });
        const again = parseNpy(bytes, "x");
        expect(again.shape).toEqual(shape);
        expect(again.data).toEqual(data);
        expect((bytes.length - data.byteLength) % 64).toBe(0);
      }),
    );
  });

  it("writes booleans, and refuses other types than the array has", async () => {
    const data = Uint8Array.of(1, 0);
    expect(parseNpy(formatNpy({ shape: [2], data, dtype: "bool" }), "x").dtype).toBe("bool");
    expect((await errorOf(() => formatNpy({ shape: [2], data, dtype: "f4" })))?.code).toBe("OptionOutOfRange");
    expect((await errorOf(() => formatNpy({ shape: [3], data })))?.code).toBe("ShapeMismatch");
  });
});

describe("writeNpy", () => {
  it("leaves the old file and no part behind when it is stopped", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "lemniscate-npy-"));
    const file = path.join(folder, "x.npy");
    await writeNpy(file, { shape: [1], data: Float64Array.of(7) });
    const stop = new AbortController();
    const writing = writeNpy(file, { shape: [1 << 22], data: new Float64Array(1 << 22) }, { signal: stop.signal });
    setTimeout(() => stop.abort(), 1);
    await expect(writing).rejects.toThrow(/abort/);
    expect(await readdir(folder)).toEqual(["x.npy"]);
    expect((await readNpy(file)).data).toEqual(Float64Array.of(7));
  });

  it("names a path that cannot be written or read", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "lemniscate-npy-"));
    await writeFile(path.join(folder, "file"), "");
    const write = () => writeNpy(path.join(folder, "file/x.npy"), { shape: [], data: Float64Array.of(1) });
    expect((await errorOf(write))?.message).toMatch(/file\/x\.npy: got a file where a folder should be/);
    expect((await errorOf(() => readNpy(path.join(folder, "none.npy"))))?.message).toMatch(/no such file/);
  });
});

describe.skipIf(!hasShared)(`the .npy files of the broken data${needsShared}`, () => {
  const outcomes: Record<string, RegExp | { shape: number[]; dtype: string }> = {
    "fortran-order.npy": { shape: [2, 3, 4], dtype: "f4" },
    "big-endian-f8.npy": { shape: [2, 3, 4], dtype: "f8" },
    "float16.npy": { shape: [2, 3, 4], dtype: "f2" },
    "version2.npy": { shape: [2, 3, 4], dtype: "f4" },
    "zero-rows.npy": { shape: [0, 5], dtype: "f4" },
    "scalar.npy": { shape: [], dtype: "f8" },
    "int64.npy": { shape: [3], dtype: "i8" },
    "object.npy": /byte 10: got element type "\|O".*Convert the array first/,
    "truncated.npy": /byte 214: got the end of the file, 10 bytes early, allowed is 96 bytes/,
    "bad-magic.npy": /byte 0: got 0x4e, allowed is 0x93/,
  };

  it("are all listed here", async () => {
    expect(Object.keys(outcomes).sort()).toEqual(await filesIn("broken/npy"));
  });

  it.each(Object.entries(outcomes))("%s", async (file, outcome) => {
    const bytes = await readFile(path.join(shared, "broken/npy", file));
    if (outcome instanceof RegExp) {
      const error = await errorOf(() => parseNpy(bytes, file));
      expect(error?.code).toBe("BadFile");
      expect(error?.message).toMatch(outcome);
      return;
    }
    const array = parseNpy(bytes, file);
    expect(array).toMatchObject(outcome);
    if (array.data.length === 24) expect([...array.data]).toEqual([...Array(24).keys()]);
    if (file === "scalar.npy") expect(array.data[0]).toBe(3.5);
    if (file === "int64.npy") expect(array.data[2]).toBe(2n ** 53n + 1n);
  });
});
