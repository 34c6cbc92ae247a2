/** @module What stands in the engine's memory before a job begins: inputs, draws, tables. */
import { trimmed } from "../../core/batch.js";
import { type ConstantBlock, constantBlocks } from "../../ops/constant-blocks.js";
import type { Parameters } from "../../ops/op.js";
import type { PositionMap } from "../../ops/position-map.js";
import type { WindowParameters } from "../../ops/window.js";
import type { EngineBatch } from "../engine.js";
import { graphRows, type Layout } from "./layout.js";
import { writeTable } from "./sparse-tables.js";
import { strideOf } from "./stride.js";
import { writeMasks } from "./strips.js";
import type { Format } from "./vector.js";

/** Writes presence, covariances of positions, and inputs: features as they were given, positions in their place. */
export function fillMemory(
  layout: Layout,
  format: Format,
  buffer: ArrayBufferLike,
  batches: readonly EngineBatch[],
): void {
  const data = format.scalar === "f32" ? new Float32Array(buffer) : new Float64Array(buffer);
  const index = (address: number): number => address / format.bytes;
  const { channels } = layout;
  let e = 0;
  for (const batch of batches) {
    if (layout.features) data.set(batch.data, index(layout.given) + e * channels);
    const stride = batch.data.length / Math.max(1, batch.shape[0]);
    let n = 0;
    for (const { length, presence } of trimmed(batch, layout.trimmed)) {
      const at = index(layout.inputs[e]!);
      if (!layout.features) {
        const step = index(strideOf(format, length));
        for (let s = 0; s < length; s++)
          for (let c = 0; c < channels; c++)
            data[at + c * step + s] = presence[s] === 0 ? 0 : batch.data[n * stride + s * channels + c]!;
        // Behind the last position presence is 0 up to the end of its vector, whatever stood there before.
        data.fill(0, index(layout.presence[e]!), index(layout.presence[e]! + layout.strides[e]!));
        data.set(presence, index(layout.presence[e]!));
      } else data[index(layout.presence[e]!)] = presence[0]!;
      n++;
      e++;
    }
  }
  fillDraws(layout, format, data, batches);
  const words = new Int32Array(buffer);
  const rows = batches.flatMap((batch) => graphRows(batch));
  for (const [i, graph] of rows.entries()) writeTable(graph, format, layout.graphs[i]!, data, words);
  for (const [key, at] of layout.masks) writeMasks(JSON.parse(key) as WindowParameters, format, at, words);
  for (const [key, at] of layout.maps) writeTable(JSON.parse(key) as PositionMap, format, at, data, words);
  for (const [key, { block, diagonal, stride }] of layout.positions) {
    const [op, parameters] = JSON.parse(key) as [ConstantBlock, Parameters];
    const R = constantBlocks[op](parameters);
    const S = Math.sqrt(R.length);
    for (let s = 0; s < S; s++) {
      data.set(R.subarray(s * S, (s + 1) * S), index(block + s * stride));
      data[index(diagonal) + s] = R[s * S + s]!;
    }
  }
}

/** Writes draws, transposed, as far as each example has positions. */
function fillDraws(
  { draws, spaces }: Layout,
  format: Format,
  numbers: Float64Array | Float32Array,
  batches: readonly EngineBatch[],
): void {
  let first = 0;
  for (const { shape, draws: given = {} } of batches) {
    for (const [key, { addresses, samples, space }] of draws) {
      const [data, { lengths, strides }] = [given[key]!, spaces[space]!];
      const S = Math.sqrt(data.length / (shape[0] * samples));
      for (let n = 0; n < shape[0]; n++) {
        const [length, step] = [lengths[first + n]!, strides[first + n]! / format.bytes];
        for (let m = 0; m < samples; m++) {
          const [from, to] = [(n * samples + m) * S * S, addresses[first + n]! / format.bytes + m * length * step];
          for (let a = 0; a < length; a++)
            for (let i = 0; i < length; i++) numbers[to + i * step + a] = data[from + a * S + i]!;
        }
      }
    }
    first += shape[0];
  }
}
