/** @module The sentences that layers refuse an input with. */
import { LemniscateError } from "../core/errors.js";
import { describeShape, type Shape } from "../core/shape.js";

export function needGaussian(layer: string, input: Shape): void {
  if (input.gaussian) return;
  throw new LemniscateError({
    code: "Misplaced",
    where: layer,
    given: `${describeShape(input)}, which is data or comes from a nonlinearity`,
    allowed: "Gaussian input",
    mend: "Put dense() before it.",
  });
}

export function needPositions(layer: string, input: Shape): void {
  if (input.grid.length > 0) return;
  throw new LemniscateError({
    code: "Misplaced",
    where: layer,
    given: describeShape(input),
    allowed: "tokens (n, T, d) or images (n, H, W, d)",
    mend: "Use it before pooling or flattening, on data with positions.",
  });
}

/** The finite number of channels of a layer's input, which only few rules depend on. */
export function needChannels(layer: string, why: string, input: Shape): number {
  if (input.channels !== undefined) return input.channels;
  throw new LemniscateError({
    code: "Misplaced",
    where: layer,
    given: "an input of unknown width",
    allowed: "an input whose number of channels is known",
    mend: `${why}: declare it on the layer before, as in dense({ width: 512 }).`,
  });
}
