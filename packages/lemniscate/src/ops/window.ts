/** @module Windows that move over a grid of positions: convolutions and windowed pools. */
import type { Node, Side, StructuralOp } from "./op.js";
import { isZero, zero } from "./zero.js";

/** How a window treats the rim: it stays inside, reads zeros outside, or reads on at the other end. */
export type Padding = "valid" | "same" | "circular";

/** A window on a grid. Tap t of position p reads the position strides·p + t − before, axis by axis. */
export type WindowParameters = {
  readonly grid: readonly number[];
  /** The grid of what it leaves. */
  readonly to: readonly number[];
  readonly filter: readonly number[];
  readonly strides: readonly number[];
  readonly before: readonly number[];
  readonly padding: Padding;
};

/** The window of some size on a grid, which a "valid" one must fit. The odd position of padding is at the high end. */
export function windowOn(
  grid: readonly number[],
  { filter, strides, padding }: Pick<WindowParameters, "filter" | "strides" | "padding">,
): WindowParameters {
  const to = grid.map((size, k) =>
    padding === "valid" ? Math.floor((size - filter[k]!) / strides[k]!) + 1 : Math.ceil(size / strides[k]!),
  );
  const before = grid.map((size, k) =>
    padding === "valid" ? 0 : Math.floor(Math.max(0, (to[k]! - 1) * strides[k]! + filter[k]! - size) / 2),
  );
  return { grid, to, filter, strides, before, padding };
}

/** Positions under a window, by axis: `reach[p][t]` is what tap t of position p reads, −1 outside. */
function reachAlong({ grid, to, filter, strides, before, padding }: WindowParameters, axis: number): number[][] {
  const size = grid[axis]!;
  return Array.from({ length: to[axis]! }, (_, p) =>
    Array.from({ length: filter[axis]! }, (_, t) => {
      const at = strides[axis]! * p + t - before[axis]!;
      if (padding === "circular") return ((at % size) + size) % size;
      return at >= 0 && at < size ? at : -1;
    }),
  );
}

const knownTaps = new WeakMap<WindowParameters, readonly (readonly number[])[]>();

/** Positions in row-major order under each position of a window, tap by tap; −1 outside the grid. */
export function windowTaps(window: WindowParameters): readonly (readonly number[])[] {
  const known = knownTaps.get(window);
  if (known !== undefined) return known;
  let taps: readonly (readonly number[])[] = [[0]];
  for (const [axis, size] of window.grid.entries()) {
    const reach = reachAlong(window, axis);
    taps = taps.flatMap((before) =>
      reach.map((along) => before.flatMap((b) => along.map((at) => (b < 0 || at < 0 ? -1 : b * size + at)))),
    );
  }
  knownTaps.set(window, taps);
  return taps;
}

/** The position in the middle of each window: the one that says whether the window's position is present. */
export function windowCenters(window: WindowParameters): readonly number[] {
  const middle = window.filter.reduce((at, size) => at * size + Math.floor((size - 1) / 2), 0);
  return windowTaps(window).map((taps) => taps[middle]!);
}

const tapCount = (parameters: unknown): number =>
  (parameters as WindowParameters).filter.reduce((sum, size) => sum + size, 0);

/** Σ_t k_{p+t, q+t}: a window that moves over both sides at once, as the shared weights of a convolution do. */
export const convolveOp: StructuralOp = {
  kind: "structural",
  name: "convolve",
  demands: (form) => [form],
  flops: (form, rows, columns, _, parameters) =>
    tapCount(parameters) * (form === "block" ? rows * columns : Math.min(rows, columns)),
};

export function convolve(k: Node, window: WindowParameters): Node {
  return windowed(convolveOp, k, window);
}

/** Σ_tu k_{p+t, q+u}: sums under a window, on each side by itself. */
export const windowSumsOp: StructuralOp = {
  kind: "structural",
  name: "windowSums",
  demands: () => ["block"],
  flops: (_, rows, columns, __, parameters) => 2 * tapCount(parameters) * rows * columns,
};

export function windowSums(k: Node, window: WindowParameters): Node {
  return windowed(windowSumsOp, k, window);
}

function windowed(op: StructuralOp, k: Node, window: WindowParameters): Node {
  if (isZero(k)) return zero("pair", k.sides);
  return { op, args: [k], parameters: window, extent: "pair", sides: k.sides, grid: window.to };
}

/** A line at the middle of each window: the presence of what a window leaves. */
export const pickCentersOp: StructuralOp = {
  kind: "structural",
  name: "pickCenters",
  demands: () => ["line"],
  flops: () => 0,
};

export function pickCenters(line: Node, window: WindowParameters): Node {
  const { grid, to } = window;
  // A window that leaves all positions leaves them where they are.
  if (grid.join() === to.join()) return line;
  return { op: pickCentersOp, args: [line], parameters: window, extent: "line", sides: line.sides, grid: to };
}

/** 1 over the number of taps that fall on the grid, padding included: the weight of one in a mean near the rim. */
export const tapSharesOp: StructuralOp = {
  kind: "structural",
  name: "tapShares",
  demands: () => [],
  flops: () => 0,
};

export function tapShares(p: Side, window: WindowParameters): Node {
  return { op: tapSharesOp, args: [], parameters: window, extent: "line", sides: [p], grid: window.to };
}

/** All of these operations. What a program does to positions is read off them. */
export const windowOps: { readonly [name: string]: StructuralOp } = {
  convolve: convolveOp,
  windowSums: windowSumsOp,
  pickCenters: pickCentersOp,
  tapShares: tapSharesOp,
};
