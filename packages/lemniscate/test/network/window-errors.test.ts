import { describe, expect, test } from "vitest";
import { networkFromData } from "../../src/network/json.js";
import { conv } from "../../src/network/layers/conv.js";
import { shapeOf } from "../../src/network/trace.js";
import { features, image, layer, net, refuses, tokens } from "./refusals.js";

describe("a window that cannot lie on its grid", () => {
  const sizes = "a whole number ≥ 1, or a list of them with one for each axis";
  const mend = "Change the value, or leave it out to have the default.";
  refuses([
    {
      what: "a convolution of features",
      run: () => shapeOf(net(layer("conv", { filter: 3 })), features),
      code: "Misplaced",
      message: /^network\.layers\[0\]: conv: got features \(n, 3\), allowed is tokens/,
      path: ["layers", 0],
    },
    {
      what: "a filter of another rank than the grid",
      run: () => shapeOf(net(layer("avgPool", { filter: [2, 2] })), tokens),
      code: "Misplaced",
      message:
        "network.layers[0]: avgPool: got filter [2, 2] on tokens (n, 5, 3), allowed is 1 numbers, one for each axis of positions. Write a number for each axis, or one number for all.",
    },
    {
      what: "strides of another rank than the grid",
      run: () => shapeOf(net(layer("sumPool", { filter: 2, strides: [2] })), image),
      code: "Misplaced",
      message: /got strides \[2\] on an image \(n, 4, 5, 3\), allowed is 2 numbers/,
    },
    {
      what: "a filter that does not fit",
      run: () => shapeOf(net(layer("dense"), layer("conv", { filter: [2, 6] })), image),
      code: "Misplaced",
      message:
        'network.layers[1]: conv: got filter [2, 6] on an image (n, 4, 5, ∞), Gaussian, allowed is at most [4, 5] without padding. Use a smaller filter, or padding: "same".',
      path: ["layers", 1],
    },
    {
      what: "a stride of nothing",
      run: () => conv({ filter: 3, strides: 0 }),
      code: "OptionOutOfRange",
      message: `conv: strides: got 0, allowed is a number > 0. ${mend}`,
    },
    {
      what: "a filter with half a position",
      run: () => networkFromData(layer("sumPool", { filter: [2, 1.5] })),
      code: "OptionOutOfRange",
      message: `network (sumPool): filter: got [2,1.5], allowed is ${sizes}. ${mend}`,
    },
    {
      what: "no filter",
      run: () => networkFromData(layer("avgPool")),
      code: "OptionOutOfRange",
      message: `network (avgPool): filter: got nothing, allowed is ${sizes}. ${mend}`,
    },
    {
      what: "an unknown padding",
      run: () => networkFromData(layer("conv", { filter: 3, padding: "reflect" })),
      code: "OptionOutOfRange",
      message: /conv\): padding: got "reflect", allowed is .*"valid"\|"same"\|"circular"/,
    },
  ]);

  test("a filter may be larger than a grid with padding", () => {
    for (const padding of ["same", "circular"])
      expect(shapeOf(net(layer("conv", { filter: 9, padding })), image).grid).toEqual([4, 5]);
  });
});
