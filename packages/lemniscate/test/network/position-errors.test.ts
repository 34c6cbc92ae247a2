import { describe } from "vitest";
import { networkFromData } from "../../src/network/json.js";
import { shapeOf } from "../../src/network/trace.js";
import { features, image, layer, net, refuses, tokens } from "./refusals.js";

describe("a map on positions that cannot be", () => {
  const on =
    (type: string, options: object, input = tokens) =>
    () =>
      shapeOf(net(layer(type, options)), input);
  const read = (type: string, options: object) => () => networkFromData(layer(type, options));
  const at = "network\\.layers\\[0\\]: ";
  const [code, option] = ["Misplaced", "OptionOutOfRange"];
  const says = (text: string): RegExp => new RegExp(`^${at}${text}`);
  refuses([
    {
      what: "a slice of features",
      run: on("slice", { axes: [0] }, features),
      code,
      message: says("slice: got features"),
    },
    {
      what: "a slice of more axes",
      run: on("slice", { axes: [0, 1] }),
      code,
      message: says("slice: got 2 axes of tokens"),
    },
    {
      what: "a position beyond the end",
      run: on("slice", { axes: [5] }),
      code,
      message: says("slice: got position 5 of axis 0"),
    },
    {
      what: "an empty range",
      run: on("slice", { axes: [{ start: 4, stop: 2 }] }),
      code,
      message: says(
        "slice: got start 4, stop 2, step 1 of axis 0, which has 5, allowed is a range with a position in it",
      ),
    },
    { what: "a step of 0", run: read("slice", { axes: [{ step: 0 }] }), code: option, message: /^network \(slice\)/ },
    { what: "no axes", run: read("slice", { axes: [] }), code: option, message: /^network \(slice\): axes/ },
    {
      what: "too many sizes",
      run: on("resize", { to: [3, 3] }),
      code,
      message: says("resize: got to \\[3, 3\\] on tokens"),
    },
    { what: "a size of 0", run: read("resize", { to: [0] }), code: option, message: /^network \(resize\): to/ },
    {
      what: "another method",
      run: read("resize", { to: [2], method: "cubic" }),
      code: option,
      message: /^network \(resize\): method/,
    },
    {
      what: "a row of another length",
      run: on("linear", { matrix: [1, 2] }),
      code,
      message: says("linear: got a row of 2 along axis 0"),
    },
    {
      what: "an axis that is not there",
      run: on("linear", { matrix: [1], axis: 2 }, image),
      code,
      message: says("linear: got axis 2 of an image"),
    },
    {
      what: "a matrix that is none",
      run: read("linear", { matrix: [] }),
      code: option,
      message: /^network \(linear\): matrix/,
    },
    {
      what: "a token of features",
      run: on("token", { at: "last" }, features),
      code,
      message: says("token: got features"),
    },
    {
      what: "a token beyond the end",
      run: on("token", { at: 5 }),
      code,
      message: says("token: got position 5 of tokens"),
    },
    {
      what: "a token by another word",
      run: read("token", { at: "middle" }),
      code: option,
      message: /^network \(token\): at/,
    },
    {
      what: "aggregation of features",
      run: on("aggregate", {}, features),
      code,
      message: says("aggregate: got features"),
    },
    {
      what: "a transposed convolution of features",
      run: on("convTranspose", { filter: 2 }, features),
      code,
      message: says("convTranspose: got features"),
    },
    {
      what: "a transposed convolution with strides of another rank",
      run: on("convTranspose", { filter: 2, strides: [2, 2] }),
      code,
      message: says("convTranspose: got strides \\[2, 2\\] on tokens"),
    },
    {
      what: "a local convolution that does not fit",
      run: on("convLocal", { filter: 6 }),
      code,
      message: says("convLocal: got filter \\[6\\] on tokens"),
    },
    {
      what: "an input without a name",
      run: read("input", { name: "" }),
      code: option,
      message: /^network \(input\): name/,
    },
    {
      what: "a factor that is none",
      run: read("scale", { factor: "2" }),
      code: option,
      message: /^network \(scale\): factor/,
    },
    {
      what: "an axis below 0",
      run: read("layerNorm", { over: [-1] }),
      code: option,
      message: /^network \(layerNorm\): over/,
    },
  ]);
});
