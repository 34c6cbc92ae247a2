/**
 * What flows between two layers, apart from its numbers.
 *
 * `grid` holds the sizes of the position axes (`[]` features, `[T]` tokens, `[H, W]` an image). `channels` is the
 * finite number of channels where one is known: the data's, or a declared `width`. Infinite-width kernels do not
 * depend on it except in the standard parameterisation and for concatenated positional encodings.
 * `gaussian` says whether the channels are independent zero-mean Gaussians (after dense or attention, not after a
 * nonlinearity), which nonlinearities and normalisations need of their input.
 */
export interface Shape {
  readonly grid: readonly number[];
  readonly channels: number | undefined;
  readonly gaussian: boolean;
  /** Whether their mean over channels is known though they are not Gaussian: behind a nonlinearity it is. */
  readonly mean?: true;
  /** Of several inputs, before one of them is chosen: what each is, in the order of their positions. */
  readonly parts?: readonly InputPart[];
}

/** One of several inputs: its name, the grid of its positions (`[]` features) and its channels. */
export interface InputPart {
  readonly name: string;
  readonly grid: readonly number[];
  readonly channels: number;
}

/** Number of positions of a shape, 1 for features. */
export function positionCount(shape: Shape): number {
  return shape.grid.reduce((product, size) => product * size, 1);
}

/** A shape in words, for messages: `tokens (n, 30, 50)`, `features (n, ∞), Gaussian`. */
export function describeShape(shape: Shape): string {
  if (shape.parts !== undefined) {
    const each = shape.parts.map(({ name, ...part }) => `${name}: ${describeShape({ ...part, gaussian: false })}`);
    return `several inputs (${each.join("; ")})`;
  }
  const kind = ["features", "tokens", "an image", "a volume"][shape.grid.length] ?? "an array";
  return `${kind} (${["n", ...shape.grid, shape.channels ?? "∞"].join(", ")})${shape.gaussian ? ", Gaussian" : ""}`;
}
