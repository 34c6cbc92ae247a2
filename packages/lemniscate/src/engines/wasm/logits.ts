/** @module Attention weights that are made once for an example and by few: loops over memory, without code of their own. */
import { functions } from "../../ops/registry.js";
import { sparsemax } from "../../ops/sparsemax.js";
import type { Call, Context } from "./context.js";

/** φ of every logit. */
export function activate({ space: { lengths }, parameters, inputs: [k], output, numbers, format }: Context): Call {
  const phi = functions.get(parameters["of"] as string)!;
  return (a, b) => {
    const [from, to] = [k!.address(a, b) / format.bytes, output.address(a, b) / format.bytes];
    const [row, out] = [k!.stride(a, b) / format.bytes, output.stride(a, b) / format.bytes];
    for (let s = 0; s < lengths[a]!; s++)
      for (let t = 0; t < lengths[b]!; t++) numbers[to + s * out + t] = phi(numbers[from + s * row + t]!, parameters);
  };
}

/** Sparsemax of each row, over the keys that are present and that a mask leaves to the query. */
export function sparsemaxRows(context: Context): Call {
  const { space, inputs, output, numbers, format } = context;
  const [k, presence, mask] = inputs;
  return (a, b) => {
    const at = (address: number): number => address / format.bytes;
    const keys = new Int32Array(space.lengths[b]!);
    for (let s = 0; s < space.lengths[a]!; s++) {
      const from = at(k!.address(a, b) + s * k!.stride(a, b));
      const to = at(output.address(a, b) + s * output.stride(a, b));
      const seen = mask === undefined ? undefined : at(mask.address(a, b) + s * mask.stride(a, b));
      let count = 0;
      for (let t = 0; t < keys.length; t++)
        if (numbers[at(presence!.address(a, b)) + t] !== 0 && (seen === undefined || numbers[seen + t] !== 0))
          keys[count++] = t;
      const weights = sparsemax(Array.from({ length: count }, (_, n) => numbers[from + keys[n]!]!));
      numbers.fill(0, to, to + keys.length);
      for (let n = 0; n < count; n++) numbers[to + keys[n]!] = weights[n]!;
    }
  };
}
