import type { Node, StructuralOp } from "./op.js";

/** 1 at the first or the last position where a line is not 0, and 0 at all others. */
export const endOp: StructuralOp = {
  kind: "structural",
  name: "end",
  demands: () => ["line"],
  flops: () => 0,
};

export function end(u: Node, at: "first" | "last"): Node {
  return { op: endOp, args: [u], parameters: { at }, extent: "line", sides: u.sides, grid: u.grid };
}

/** The position that {@link end} means among so many, −1 if there is none. */
export function endAmong(at: unknown, count: number, present: (s: number) => boolean): number {
  for (let s = 0; s < count; s++) {
    const place = at === "first" ? s : count - 1 - s;
    if (present(place)) return place;
  }
  return -1;
}
