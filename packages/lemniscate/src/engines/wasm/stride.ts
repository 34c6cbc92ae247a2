import { tileColumns } from "./kernels/product.js";
import type { Format } from "./vector.js";

/** Bytes of a row of `columns` numbers: whole register tiles, and never a stride that falls on few cache sets. */
export function strideOf(format: Format, columns: number): number {
  const whole = Math.ceil(columns / tileColumns(format)) * tileColumns(format) * format.bytes;
  return whole % 256 === 0 ? whole + 64 : whole;
}
