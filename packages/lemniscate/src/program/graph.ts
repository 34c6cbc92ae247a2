import type { Node, Parameters, Side } from "../ops/op.js";

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
    const below = (next: Node): readonly Node[] => (next.of === undefined ? next.args : [...next.args, next.of]);
    return upwards(node, below, this.#done, (next) => {
      const known = (arg: Node): Merged => this.#done.get(arg)!;
      const plain = this.#unique(next, next.args.map(known), next.sides, next.of && known(next.of));
      let merged = plain;
      for (const rule of this.#rules) {
        const better = rule(plain, this);
        if (better === undefined) continue;
        merged = this.merge(better);
        break;
      }
      this.#done.set(merged, merged);
      return merged;
    });
  }

  /** The same expression about side a alone: what belongs to example b is computed as an example's own. */
  asExample(node: Merged): Merged {
    const below = ({ args }: Merged): readonly Merged[] => args;
    return upwards(node, below, this.#examples, (next) => {
      const sides = next.sides.map((): Side => "a");
      const args = next.args.map((arg) => this.#examples.get(arg)!);
      return this.#unique(next, args, sides, next.of);
    });
  }

  #unique(node: Node, args: readonly Merged[], sides: readonly Side[], of?: Merged): Merged {
    const parameters = textOf(node.parameters);
    const key = [node.op.name, args.map((arg) => arg.id), parameters, node.extent, sides, of?.id].join(" ");
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const { op, extent, grid } = node;
    const made: Merged = {
      id: this.#byKey.size,
      op,
      args,
      parameters: node.parameters,
      extent,
      sides,
      grid,
      ...(of && { of }),
    };
    this.#byKey.set(key, made);
    return made;
  }
}

const texts = new WeakMap<Parameters, string>();

/** Parameters as text, written once: those of windows and positions are long. */
function textOf(parameters: Parameters): string {
  const text = texts.get(parameters) ?? JSON.stringify(parameters);
  texts.set(parameters, text);
  return text;
}

/** What `make` makes of a node, once it is known of all `below`. Networks may be deeper than the call stack. */
function upwards<N extends Node>(
  root: N,
  below: (node: N) => readonly N[],
  done: Map<N, Merged>,
  make: (node: N) => Merged,
): Merged {
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (done.has(node)) continue;
    const missing = below(node).filter((one) => !done.has(one));
    if (missing.length === 0) done.set(node, make(node));
    else waiting.push(node, ...missing.reverse());
  }
  return done.get(root)!;
}
