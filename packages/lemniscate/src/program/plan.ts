/** @module Liveness: which form of each covariance somebody reads, worked out from results back to inputs. */
import type { Form, Node } from "../ops/op.js";
import type { Merged } from "./graph.js";

/** A node in a form. */
export type Wanted = readonly [node: Merged, form: Form];

/** What one list of steps computes: nodes in the order of computation with the forms that are read. */
export interface Plan {
  readonly forms: ReadonlyMap<Merged, ReadonlySet<Form>>;
  /** Demands on nodes that another list computes. */
  readonly foreign: readonly Wanted[];
}

/** What a list must compute to know `results`, if it computes only what is `own`. */
export function plan(results: readonly Wanted[], own: (node: Merged, form: Form) => boolean): Plan {
  const order = inOrder(results.map(([node]) => node));
  const forms = new Map<Merged, Set<Form>>(order.map((node) => [node, new Set<Form>()]));
  const foreign: Wanted[] = [];
  const demand = (node: Merged, form: Form): void => {
    if (own(node, form)) forms.get(node)!.add(form);
    else foreign.push([node, form]);
  };
  for (const [node, form] of results) demand(node, form);
  for (const node of [...order].reverse()) {
    const form = computedForm(forms.get(node)!);
    if (form !== undefined) for (const [i, arg] of node.args.entries()) demand(arg, demandOn(node, i, form));
  }
  return { forms: new Map([...forms].filter(([, wanted]) => wanted.size > 0)), foreign };
}

/** The form that is computed: a diagonal is taken from the block where the block is computed anyway. */
export function computedForm(wanted: ReadonlySet<Form>): Form | undefined {
  return (["block", "diagonal", "line", "value", "inputs", "channels", "draws"] as const).find((form) =>
    wanted.has(form),
  );
}

/** The form in which a node, computed in `form`, reads its argument number `i`. */
export function demandOn(node: Node, i: number, form: Form): Form {
  const arg = node.args[i]!;
  if (arg.extent !== "pair") return arg.extent;
  if (node.op.kind === "structural") return node.op.demands(form, node.parameters)[i]!;
  return node.op.roles[i] === "entry" ? form : "diagonal";
}

/** Nodes below the given ones, arguments before what is made of them. */
function inOrder(results: readonly Merged[]): Merged[] {
  const order: Merged[] = [];
  const seen = new Set<Merged>();
  // An explicit stack: a network of a thousand layers must not exhaust the call stack.
  const stack = [...results].reverse().map((node) => ({ node, next: 0 }));
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    if (top.next === 0 && seen.has(top.node)) {
      stack.pop();
      continue;
    }
    seen.add(top.node);
    const arg = top.node.args[top.next++];
    if (arg !== undefined) {
      if (!seen.has(arg)) stack.push({ node: arg, next: 0 });
      continue;
    }
    stack.pop();
    order.push(top.node);
  }
  return order;
}
