import { describe, expect, test } from "vitest";
import {
  batch,
  channelsOf,
  examples,
  gridOf,
  hasHoles,
  maskedBy,
  positionsOf,
  sequences,
  trimmed,
} from "../../src/core/batch.js";
import { isLemniscateError, LemniscateError } from "../../src/core/errors.js";
import { describeShape } from "../../src/core/shape.js";

describe("batch", () => {
  test.each([
    ["features", [4, 3], [], 1],
    ["tokens", [2, 5, 3], [5], 5],
    ["images", [1, 2, 3, 4], [2, 3], 6],
    ["no examples", [0, 5, 3], [5], 5],
  ] as const)("knows its %s", (_, shape, grid, positions) => {
    const size = shape.reduce<number>((product, length) => product * length, 1);
    const x = batch(shape, new Float32Array(size));
    expect(gridOf(x)).toEqual(grid);
    expect(positionsOf(x)).toBe(positions);
    expect(channelsOf(x)).toBe(shape.at(-1));
    expect(x.data).toBeInstanceOf(Float32Array);
  });

  test("keeps typed arrays as they are, and copies lists and masks", () => {
    const data = Float64Array.of(1, 2);
    expect(batch([1, 2], data).data).toBe(data);
    const mask = Uint8Array.of(1);
    const x = batch([1, 2], [1, 2], mask);
    mask[0] = 0;
    expect(x.mask).toEqual(Uint8Array.of(1));
  });

  const shapes =
    "allowed is (n, d), (n, T, d), (n, H, W, d). The first axis counts examples and the last one channels; only the first one may be 0.";
  test.each([
    [[3], [1, 2, 3], undefined, `batch: got shape (3), ${shapes}`],
    [[2, 0], [], undefined, `batch: got shape (2, 0), ${shapes}`],
    [[2, 0, 3], [], undefined, `batch: got shape (2, 0, 3), ${shapes}`],
    [[1, 2.5], [], undefined, `batch: got shape (1, 2.5), ${shapes}`],
    [[-1, 2], [], undefined, `batch: got shape (-1, 2), ${shapes}`],
    [
      [2, 3],
      [1, 2, 3, 4, 5],
      undefined,
      "batch: got 5 numbers for shape (2, 3), allowed is 6 numbers. Pass the numbers row by row, padded positions included.",
    ],
    [
      [2, 2, 1],
      [1, 2, 3, 4],
      [1, 0],
      "batch: mask: got 2 entries, allowed is 4 entries, one per example and position. A mask has the shape of the data without the channel axis.",
    ],
    [
      [1, 2, 1],
      [1, 2],
      [255, 0],
      "batch: mask: got 255, allowed is 0 or 1. Write 1 where a position is present, 0 where it is padding.",
    ],
    [
      [1, 2, 1],
      [1, 2],
      [1, 0.5],
      "batch: mask: got 0.5, allowed is 0 or 1. Write 1 where a position is present, 0 where it is padding.",
    ],
    [
      [2, 1, 2],
      [1, 2, 3, Number.NaN],
      undefined,
      "batch: got NaN at [1, 0, 1], allowed is finite numbers. Clean the data, or mark the position as padding in the mask.",
    ],
    [
      [1, 2],
      [1, Number.NEGATIVE_INFINITY],
      undefined,
      "batch: got -Infinity at [0, 1], allowed is finite numbers. Clean the data, or mark the position as padding in the mask.",
    ],
  ])("refuses %j", (shape, data, mask, message) => {
    expect(() => batch(shape, data, mask)).toThrow(message);
  });

  test("lets anything stand in padding", () => {
    const x = batch([1, 2, 2], [1, 2, Number.NaN, Number.POSITIVE_INFINITY], [1, 0]);
    expect(x.mask).toEqual(Uint8Array.of(1, 0));
  });
});

describe("sequences", () => {
  test("are padded to the longest one, to a length, or cut off", () => {
    const tokens = [
      [[1, 2]],
      [
        [3, 4],
        [5, 6],
        [7, 8],
      ],
      [],
    ];
    const x = sequences(tokens);
    expect(x.shape).toEqual([3, 3, 2]);
    expect([...(x.mask ?? [])]).toEqual([1, 0, 0, 1, 1, 1, 0, 0, 0]);
    expect(sequences(tokens, 5).shape).toEqual([3, 5, 2]);
    expect([...sequences(tokens, 2).data]).toEqual([1, 2, 0, 0, 3, 4, 5, 6, 0, 0, 0, 0]);
  });

  test("may be very many", () => {
    expect(sequences(Array.from({ length: 150_000 }, () => [[1]])).shape).toEqual([150_000, 1, 1]);
  });

  test("have tokens of one size", () => {
    expect(() => sequences([[[1, 2]], [[1, 2], [3]]])).toThrow(
      "sequences: token [1][1]: got 1 channels, allowed is 2 channels, as the first token has. Give every token a vector of the same size.",
    );
  });
});

describe("maskedBy", () => {
  test("zeroes entries and masks positions that hold the constant alone", () => {
    const x = maskedBy(9, [1, 3, 2], [1, 9, 9, 9, 0, 0]);
    expect([...x.data]).toEqual([1, 0, 0, 0, 0, 0]);
    expect([...(x.mask ?? [])]).toEqual([1, 0, 1]);
  });

  test("takes NaN for the constant, and only then for padding", () => {
    expect([...(maskedBy(Number.NaN, [2, 1], [Number.NaN, 1]).mask ?? [])]).toEqual([0, 1]);
    expect(() => maskedBy(100, [2, 2], [1, Number.NaN, 3, 4])).toThrow("batch: got NaN at [0, 1]");
  });

  test("leaves what it is given alone", () => {
    const data = [9, 1];
    maskedBy(9, [2, 1], data);
    expect(data).toEqual([9, 1]);
  });
});

describe("parts of a batch", () => {
  const x = batch([3, 2, 1], [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 1]);
  test("examples are views", () => {
    const part = examples(x, 1, 3);
    expect(part.shape).toEqual([2, 2, 1]);
    expect([...part.data]).toEqual([3, 4, 5, 6]);
    expect([...(part.mask ?? [])]).toEqual([1, 0, 0, 1]);
    expect(part.data.buffer).toBe(x.data.buffer);
    expect(examples(x, 2, 2).shape).toEqual([0, 2, 1]);
  });

  test("padding behind the last present position is cut off, holes stay", () => {
    expect(trimmed(x).map(({ length, presence }) => [length, ...presence])).toEqual([
      [2, 1, 1],
      [1, 1],
      [2, 0, 1],
    ]);
    expect(hasHoles(x)).toBe(true);
    expect(hasHoles(examples(x, 0, 2))).toBe(false);
  });

  test("an example of padding alone keeps one position, a hole", () => {
    const empty = batch([1, 3, 1], [1, 2, 3], [0, 0, 0]);
    expect(trimmed(empty)[0]!.length).toBe(1);
    expect(hasHoles(empty)).toBe(true);
  });
});

test("shapes in words", () => {
  const words = [[], [3], [3, 4], [2, 3, 4], [1, 2, 3, 4]].map((grid) =>
    describeShape({ grid, channels: 2, gaussian: false }),
  );
  expect(words).toEqual([
    "features (n, 2)",
    "tokens (n, 3, 2)",
    "an image (n, 3, 4, 2)",
    "a volume (n, 2, 3, 4, 2)",
    "an array (n, 1, 2, 3, 4, 2)",
  ]);
  expect(describeShape({ grid: [], channels: undefined, gaussian: true })).toBe("features (n, ∞), Gaussian");
});

describe("errors", () => {
  const error = new LemniscateError({ code: "BadInput", where: "here", given: "a", allowed: "b", mend: "Do c." });
  test("say where, what, what else and how", () => {
    expect(error.message).toBe("here: got a, allowed is b. Do c.");
    expect(error.cause).toBeUndefined();
  });

  test("are known by name and code, across copies of the package", () => {
    const other = Object.assign(new Error("x"), { name: "LemniscateError", code: "BadFile" });
    expect(isLemniscateError(error)).toBe(true);
    expect(isLemniscateError(error, "BadInput", "BadFile")).toBe(true);
    expect(isLemniscateError(error, "BadFile")).toBe(false);
    expect(isLemniscateError(other, "BadFile")).toBe(true);
    expect(isLemniscateError(new Error("x"))).toBe(false);
    expect(isLemniscateError("LemniscateError")).toBe(false);
  });
});
