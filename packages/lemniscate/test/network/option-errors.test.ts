import { describe } from "vitest";
import { repeat } from "../../src/network/combinators.js";
import { attention } from "../../src/network/layers/attention.js";
import { dense } from "../../src/network/layers/dense.js";
import { dropout } from "../../src/network/layers/dropout.js";
import { refuses } from "./refusals.js";

describe("a layer made by its function", () => {
  refuses([
    {
      what: "with a wrong value",
      run: () => dense({ biasStd: -1 }),
      code: "OptionOutOfRange",
      message:
        "dense: biasStd: got -1, allowed is a number ≥ 0. Change the value, or leave it out to have the default.",
    },
    {
      what: "with an unknown option",
      run: () => dense({ weightSdt: 1 } as object),
      code: "OptionOutOfRange",
      message:
        'dense: got the unknown option "weightSdt", allowed is weightStd, biasStd, parameterization, width, widthScale. Check the spelling, or leave it out.',
    },
    {
      what: "with an unknown option inside an option",
      run: () => attention({ position: { rtae: 1 } as object }),
      code: "OptionOutOfRange",
      message:
        'attention.position: got the unknown option "rtae", allowed is combine, decay, rate, power, covariance, std, width, values, logits, indefinite. Check the spelling, or leave it out.',
    },
    {
      what: "dropout of everything",
      run: () => dropout({ drop: 1 }),
      code: "OptionOutOfRange",
      message: "dropout: drop: got 1, allowed is a number < 1. Change the value, or leave it out to have the default.",
    },
    {
      what: "repeated a negative number of times",
      run: () => repeat(dense(), -1),
      code: "OptionOutOfRange",
      message:
        "repeat: times: got -1, allowed is a whole number from 0 to 10000. Count how many copies of the layer the network has.",
    },
  ]);
});
