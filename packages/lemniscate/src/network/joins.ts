/** @module What may be joined, and the shape of it. */
import { LemniscateError } from "../core/errors.js";
import { describeShape, type Shape } from "../core/shape.js";
import type { Combinator, Join } from "./combinators.js";
import { type Path, pathInWords } from "./path.js";

/** What a branch has in common with others on the same input. */
export interface Bond {
  /** Equal networks have equal keys. */
  readonly key: string;
  /** Whether it ends with weights of its own, which make it independent of the other branches. */
  readonly fresh: boolean;
  /** Whether it does something constant and linear to the input. */
  readonly linear: boolean;
}

export function isJoin(node: Combinator): node is Join {
  return node.type === "parallel" || node.type === "product" || node.type === "concat";
}

/** The shape behind a join of branches with these shapes. */
export function shapeOfJoin(join: Join, shapes: readonly Shape[], bonds: readonly Bond[], at: Path): Shape {
  const refuse = (given: string, allowed: string, mend: string, branch: Path = []): never => {
    const where = `${join.type}${pathInWords(at)}`;
    throw new LemniscateError({ code: "Misplaced", where, given, allowed, mend, path: [...at, ...branch] });
  };
  const [first] = shapes;
  if (first === undefined) return refuse("no branches", "one branch or more", `Give ${join.type}() something to join.`);
  const axis = join.type === "concat" && join.along !== "channels" ? join.along : undefined;
  if (axis !== undefined && axis >= first.grid.length)
    refuse(`axis ${axis} of ${describeShape(first)}`, "an axis of its positions", "Axes of positions count from 0.");
  for (const [i, shape] of shapes.entries())
    if (without(axis, shape.grid) !== without(axis, first.grid))
      refuse(
        `branches that end with ${describeShape(first)} and ${describeShape(shape)}`,
        axis === undefined ? "branches of one shape" : `branches that differ in axis ${axis} alone`,
        "Pool or flatten all of them, or none.",
        ["branches", i],
      );

  const carrying = new Map(bonds.filter(({ fresh }) => !fresh).map((bond) => [bond.key, bond]));
  const independent = bonds.filter(({ fresh }) => fresh).length + (carrying.size > 0 ? 1 : 0);
  const mixed = shapes.findIndex(({ gaussian }) => !gaussian);
  if (mixed >= 0 && (join.type === "parallel" || (axis !== undefined && independent > 1)))
    refuse(
      `branch ${mixed} ending with ${describeShape(shapes[mixed]!)}, which is data or comes from a nonlinearity`,
      "branches that end Gaussian",
      "End the branch with dense() or attention(), and put dense() before the sum's input if that is data.",
      ["branches", mixed],
    );
  const dependent = bonds.filter(({ fresh }) => !fresh).length;
  if (join.type === "product" && dependent > 1)
    refuse(
      `${dependent} branches without weights of their own`,
      "one such branch at most",
      "Branches that carry the same random variables do not multiply like independent ones: give all but one a dense().",
    );
  if (
    (join.type === "parallel" || axis !== undefined) &&
    carrying.size > 1 &&
    [...carrying.values()].some((b) => !b.linear)
  )
    refuse(
      `${dependent} branches without weights of their own, which carry the same random variables`,
      "one such branch at most, equal ones, or branches of identity, scale, slice, resize, linear, avgPool and sumPool",
      "Their covariance with each other is not known: give all but one a dense().",
    );
  const { mean: _, ...plain } = first;
  return { ...plain, ...behind(join, shapes, axis, refuse) };
}

/** What a join changes about the shape of its first branch. */
function behind(
  join: Join,
  shapes: readonly Shape[],
  axis: number | undefined,
  refuse: (given: string, allowed: string, mend: string) => never,
): Partial<Shape> {
  const widths = shapes.flatMap(({ channels }) => channels ?? []);
  const channels = widths[0];
  if (join.type === "parallel") return { channels };
  if (join.type === "product") return { channels, gaussian: false };
  if (axis !== undefined) {
    if (new Set(widths).size > 1)
      refuse(`branches with ${widths.join(" and ")} channels`, "equally many", "Put dense() behind each of them.");
    const grid = shapes[0]!.grid.map((size, k) =>
      k === axis ? shapes.reduce((sum, shape) => sum + shape.grid[k]!, 0) : size,
    );
    return { channels, grid, gaussian: shapes.every(({ gaussian }) => gaussian) };
  }
  if (widths.length > 0 && widths.length < shapes.length)
    refuse(
      "branches of which some have a known width",
      "the width of all of them, or of none",
      "Widths weigh the branches: declare them, as in dense({ width: 512 }).",
    );
  return { channels: widths.length === 0 ? undefined : widths.reduce((x, y) => x + y), gaussian: false };
}

function without(axis: number | undefined, grid: readonly number[]): string {
  return grid.map((size, k) => (k === axis ? "any" : size)).join();
}
