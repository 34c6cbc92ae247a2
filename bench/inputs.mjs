/** @module The inputs of a workload, in a file that both sides read. */
import { writeNpy } from "lemniscate/data";

/** What stands in padded positions: the constant by which Neural Tangents knows them. */
export const padding = 100;

/** A workload's inputs in a precision: independent standard normal numbers, the same on every machine. */
export function inputsOf({ shape, lengths }, precision) {
  const data = new (precision === "f32" ? Float32Array : Float64Array)(shape.reduce((size, axis) => size * axis, 1));
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / (2 ** 32 + 1);
  };
  for (let i = 0; i < data.length; i++)
    data[i] = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  for (const [n, length] of lengths?.entries() ?? []) {
    const [, S, d] = shape;
    data.fill(padding, (n * S + length) * d, (n + 1) * S * d);
  }
  return data;
}

export async function writeInputs(path, workload, precision) {
  await writeNpy(path, { shape: workload.shape, data: inputsOf(workload, precision) });
}
