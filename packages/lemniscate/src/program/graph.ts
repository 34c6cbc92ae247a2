import type { Node, Side } from "../ops/op.js";

/** A node that is the only one of its kind in its graph. */
export interface Merged extends Node {
  readonly id: number;
  readonly args: readonly Merged[];
  readonly of?: Merged;
}

/** An equal, cheaper expression, or nothing if the rule does not apply. The node's arguments are merged already. */
export type Rewrite = (node: Merged, graph: Graph) => Node | undefined;

/** Finds equal expressions, so that each is computed once, after rewriting them by rules. */
export class Graph {
  readonly #rules: readonly Rewrite[];
  readonly #byKey = new Map<string, Merged>();
  readonly #done = new Map<Node, Merged>();
  readonly #examples = new Map<Merged, Merged>();

  constructor(rules: readonly Rewrite[]) {
    this.#rules = rules;
  }

  merge(node: Node): Merged {
    const done = this.#done.get(node);
    if (done !== undefined) return done;
    const plain = this.#unique(
      node,
      node.args.map((arg) => this.merge(arg)),
      node.sides,
      node.of && this.merge(node.of),
    );
    let merged = plain;
    for (const rule of this.#rules) {
      const better = rule(plain, this);
      if (better === undefined) continue;
      merged = this.merge(better);
      break;
    }
    this.#done.set(node, merged);
    this.#done.set(merged, merged);
    return merged;
  }

  /** The same expression about side a alone: what belongs to example b is computed as an example's own. */
  asExample(node: Merged): Merged {
    const done = this.#examples.get(node);
    if (done !== undefined) return done;
    const sides = node.sides.map((): Side => "a");
    const made = this.#unique(
      node,
      node.args.map((arg) => this.asExample(arg)),
      sides,
      node.of,
    );
    this.#examples.set(node, made);
    return made;
  }

  #unique(node: Node, args: readonly Merged[], sides: readonly Side[], of?: Merged): Merged {
    const key = JSON.stringify([node.op.name, args.map((arg) => arg.id), node.parameters, node.extent, sides, of?.id]);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const { op, parameters, extent, grid } = node;
    const made: Merged = { id: this.#byKey.size, op, args, parameters, extent, sides, grid, ...(of && { of }) };
    this.#byKey.set(key, made);
    return made;
  }
}
