/** @module A user's own closed forms: what is refused, and that their names find them. */
import { closedForm, dense, kernel, networkFromJson, networkToJson, serial } from "lemniscate";
import { expect, test } from "vitest";
import { wave } from "../conformance/closed-form.js";
import { layer, net, type Refused, refuses, tokens } from "./refusals.js";

const square = {
  name: "square",
  fn: (x: number) => x * x,
  covariance: <V>(
    o: { fma(x: V, y: V, z: V): V; mul(x: V, y: V): V; constant(x: number): V },
    pp: V,
    pq: V,
    qq: V,
  ): V => o.fma(o.mul(pq, pq), o.constant(2), o.mul(pp, qq)),
  derivative: <V>(o: { mul(x: V, y: V): V; constant(x: number): V }, _: V, pq: V): V => o.mul(pq, o.constant(4)),
};

test("are data by their name, and may be given twice", () => {
  expect(closedForm(square)).toEqual({ type: "closedForm", name: "square" });
  expect(closedForm({ ...square })).toEqual(closedForm(square));
  expect(networkFromJson(networkToJson(wave))).toEqual(wave);
  expect(kernel(serial(dense(), wave)).explain([2, 3])).toContain("closedForm x + sin x");
});

const cases: readonly Refused[] = [
  {
    what: "a name that nobody has given",
    run: () => kernel(net(layer("dense"), layer("closedForm", { name: "mush" }))).explain([1, 1]),
    code: "BadNetwork",
    message:
      'network.layers[1]: closedForm: mush: got its name alone, from a file, allowed is formulas that this program has given. Call closedForm({ name: "mush", fn, covariance, derivative }) before.',
  },
  {
    what: "other formulas under the same name",
    run: () => closedForm({ ...square, fn: (x) => x ** 2 + 0 }),
    code: "OptionOutOfRange",
    message: /^closedForm: square: got other formulas than before, allowed is one meaning for each name\./,
  },
  {
    what: "the same text about other numbers",
    run: () => {
      const scaled = (c: number) => closedForm({ ...square, name: "scaled square", fn: (x) => c * x * x });
      scaled(1);
      return scaled(2);
    },
    code: "OptionOutOfRange",
    message: /^closedForm: scaled square: got other formulas than before/,
  },
  {
    what: "no formula",
    run: () => closedForm({ ...square, derivative: undefined as never }),
    code: "OptionOutOfRange",
    message: /^closedForm: derivative: got nothing, allowed is a function\./,
  },
  {
    what: "no name",
    run: () => closedForm({ ...square, name: "" }),
    code: "OptionOutOfRange",
    message: /^closedForm: name: got "", allowed is/,
  },
  {
    what: "data that are not Gaussian",
    run: () => kernel(net(layer("closedForm", { name: "square" }))).explain([1, ...tokens.grid, 3]),
    code: "Misplaced",
    message:
      /closedForm: got tokens \(n, 5, 3\), which is data or comes from a nonlinearity, allowed is Gaussian input\./,
  },
];
refuses(cases);
