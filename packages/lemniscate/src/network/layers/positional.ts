import { positionCount, type Shape } from "../../core/shape.js";
import { any } from "../../ops/padding.js";
import { counting, isSelection, mapLine, mapPairs, type PositionMap, rowsOf } from "../../ops/position-map.js";
import { needPositions } from "../checks.js";
import type { LayerDefinition } from "../layer.js";

/**
 * A layer that mixes positions by a constant matrix A, every channel alike: f ↦ A f,
 *
 *   K ← A K Aᵀ,   Θ ← A Θ Aᵀ
 *
 * A position that it leaves is present if one that it reads is.
 */
export function positional<Options extends object>(
  about: Pick<LayerDefinition<Options>, "name" | "summary" | "sources" | "options">,
  map: (options: Options, input: Shape) => PositionMap,
): LayerDefinition<Options> {
  return {
    ...about,
    hasWeights: false,
    shape: (input, options) => {
      needPositions(about.name, input);
      return { ...input, grid: map(options, input).to };
    },
    kernel: (below, options, input) => {
      const A = map(options, input);
      return {
        nngp: (p, q) => mapPairs(below.nngp(p, q), A),
        ntk: (p, q) => mapPairs(below.ntk(p, q), A),
        ...(below.means && { means: (p, q) => mapPairs(below.means!(p, q), A) }),
        presence: (p) => {
          const read = mapLine(below.presence(p), counting(A));
          return isSelection(A) ? read : any(read);
        },
      };
    },
    linear: (options, input) => ({ map: map(options, input), factor: 1 }),
    apply: (t, _, x, options, { input }) => {
      const rows = rowsOf(map(options, input));
      const S = positionCount(input);
      const matrix = new Float64Array(rows.length * S);
      for (const [s, row] of rows.entries()) for (const [from, weight] of row) matrix[s * S + from] = weight;
      return t.einsum("nsd,ps->npd", x, t.constant([rows.length, S], matrix));
    },
    mask: (mask, options, input) =>
      Uint8Array.from(rowsOf(map(options, input)), (row) => (row.some(([from]) => mask[from] === 1) ? 1 : 0)),
  };
}
