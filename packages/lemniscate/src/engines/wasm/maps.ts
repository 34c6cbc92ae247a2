/** @module Linear maps on positions: a sparse matrix, applied to rows and once more to columns. */
import { endAmong } from "../../ops/end.js";
import { type PositionMap, readsDiagonal, rowsOf } from "../../ops/position-map.js";
import type { Call, Context } from "./context.js";
import type { Found } from "./places.js";
import { strideOf } from "./stride.js";

/** The lowering of `mapPairs`. */
export function mapPairs(context: Context): Call {
  const { parameters, form, inputs, output, layout, space, read, write, format } = context;
  const [k] = inputs as readonly [Found];
  const map = parameters as PositionMap;
  if (form === "block") {
    const table = layout.maps.get(JSON.stringify(map))!;
    return bothSides(context, k, () => table);
  }
  const rows = rowsOf(map);
  const onDiagonal = readsDiagonal(form, map);
  const { lengths } = k.space;
  return (a, b) => {
    const [from, stride, to] = [k.address(a, b), k.stride(a, b), output.address(a, b)];
    const count = form === "value" ? 1 : Math.min(space.lengths[a]!, space.lengths[b]!);
    const [rowEnd, columnEnd] = onDiagonal
      ? [Math.min(lengths[a]!, lengths[b]!), Math.min(lengths[a]!, lengths[b]!)]
      : [lengths[a]!, lengths[b]!];
    for (let s = 0; s < count; s++) {
      let sum = 0;
      for (const [row, v] of rows[s]!)
        for (const [column, w] of rows[s]!)
          if (row < rowEnd && column < columnEnd)
            sum += v * w * read(from + (onDiagonal ? 0 : row * stride) + column * format.bytes);
      write(to + s * format.bytes, sum);
    }
  };
}

/** The lowering of `aggregate`: the tables are those of the examples' graphs. */
export function aggregate(context: Context): Call {
  const { graphs } = context.layout;
  return bothSides(context, context.inputs[0]!, (e) => graphs[e]!);
}

/** A k Bᵀ, first (A k)ᵀ by rows of k, then its own rows, with the tables of A and B. */
function bothSides(
  { space, form, output, spare, format, call, copy }: Context,
  k: Found,
  table: (example: number) => number,
): Call {
  return (a, b) => {
    const [rows, columns] = [space.lengths[a]!, space.lengths[b]!];
    const [below, across] = [k.space.lengths[a]!, k.space.lengths[b]!];
    const [wide, turned] = [strideOf(format, across), strideOf(format, rows)];
    const second = spare + across * turned;
    const up = (count: number): number => Math.ceil((count * format.bytes) / 32) * 32;
    call["combineRows"]!(k.address(a, b), second, table(a), rows, k.stride(a, b), wide, up(across), below);
    call["transpose"]!(second, spare, rows, across, wide, turned);
    call["combineRows"]!(spare, second, table(b), columns, turned, turned, up(rows), across);
    const to = output.address(a, b);
    if (form === "block") call["transpose"]!(second, to, columns, rows, turned, output.stride(a, b));
    else
      for (let s = 0; s < Math.min(rows, columns); s++)
        copy(second + s * (turned + format.bytes), to + s * format.bytes, format.bytes);
  };
}

/** The lowering of `mapLine`. */
export function mapLine({ parameters, form, inputs, output, space, read, write, format }: Context): Call {
  const [u] = inputs as readonly [Found];
  const rows = rowsOf(parameters as PositionMap);
  return (a, b) => {
    const [from, to, length] = [u.address(a, b), output.address(a, b), u.space.lengths[a]!];
    const count = form === "value" ? 1 : output.stride(a, b) / format.bytes;
    for (let s = 0; s < count; s++) {
      let sum = 0;
      if (form === "value" || s < space.lengths[a]!)
        for (const [row, w] of rows[s]!) if (row < length) sum += w * read(from + row * format.bytes);
      write(to + s * format.bytes, sum);
    }
  };
}

/** The lowering of `end`. */
export function end({ parameters, inputs, output, space, read, write, format }: Context): Call {
  const [u] = inputs as readonly [Found];
  return (a, b) => {
    const [from, to] = [u.address(a, b), output.address(a, b)];
    const found = endAmong(parameters["at"], space.lengths[a]!, (s) => read(from + s * format.bytes) !== 0);
    for (let s = 0; s < output.stride(a, b) / format.bytes; s++) write(to + s * format.bytes, s === found ? 1 : 0);
  };
}
