/** @module Blocks that depend on positions alone: engines make each once, and every example reads it. */
import type { Parameters } from "./op.js";
import { type PositionParameters, positionMatrix } from "./position-covariance.js";
import { maskMatrix, type TokenMaskParameters } from "./token-mask.js";

/** For each operation of the kind: its matrix on a whole grid, row by row. */
export const constantBlocks = {
  positionCovariance: (parameters: Parameters): Float64Array => positionMatrix(parameters as PositionParameters),
  tokenMask: (parameters: Parameters): Float64Array => maskMatrix(parameters as TokenMaskParameters),
} as const;

export type ConstantBlock = keyof typeof constantBlocks;

export function isConstantBlock(op: string): op is ConstantBlock {
  return Object.hasOwn(constantBlocks, op);
}
