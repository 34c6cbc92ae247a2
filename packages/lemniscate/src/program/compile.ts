import { LemniscateError } from "../core/errors.js";
import type { Quantity } from "../core/quantity.js";
import type { Shape } from "../core/shape.js";
import type { Covariances } from "../network/layer.js";
import type { Path } from "../network/path.js";
import type { Network } from "../network/placement.js";
import { covariancesOf, remember, shapeOf } from "../network/trace.js";
import { aggregateOp } from "../ops/aggregate.js";
import { crossOp } from "../ops/attend.js";
import type { DrawParameters } from "../ops/draws.js";
import { affine } from "../ops/elementary.js";
import { gram } from "../ops/gram.js";
import type { Form, Node, Side } from "../ops/op.js";
import { presence } from "../ops/padding.js";
import { mapOps } from "../ops/position-map.js";
import { takeDiagonalOp } from "../ops/reductions.js";
import { windowOps } from "../ops/window.js";
import { isZero, zero } from "../ops/zero.js";
import { flopsOf } from "./cost.js";
import { Graph, type Merged, type Rewrite } from "./graph.js";
import { correlation } from "./passes/correlation.js";
import { multiples } from "./passes/multiples.js";
import { prefix } from "./passes/prefix.js";
import { readout } from "./passes/readout.js";
import { trace } from "./passes/trace.js";
import { unmask, unmaskLengths } from "./passes/unmask.js";
import { computedForm, demandOn, type Plan, plan, type Wanted } from "./plan.js";
import { type Access, type Keyed, type Operand, type Program, resultKey, type Stage, type Step } from "./program.js";
import { tangentsOf } from "./tangent.js";

export interface CompileOptions {
  readonly get: readonly Quantity[];
  /** Whether zeros must be kept where positions are padding; see {@link Program.masked}. */
  readonly masked: boolean;
  /** Whether there is padding at all, if only behind; default as `masked`. */
  readonly padded?: boolean;
  /** Whether an example is paired with itself (default). */
  readonly self?: boolean;
  /** Whether expressions are rewritten to cheaper ones (default). What is cheaper depends on the input's size. */
  readonly rewrite?: boolean;
}

/**
 * Networks with the names of their results; a network that is alone has the name "". With the place of a number, `by`,
 * results are derivatives by it.
 */
export type Networks = readonly (readonly [name: string, network: Network, by?: Path])[];

/**
 * The program of a network for inputs of one shape.
 *
 * @throws LemniscateError `Misplaced` if a layer cannot stand where it is
 */
export function compile(network: Network, input: Shape, options: CompileOptions): Program {
  return compileAll([["", network]], input, options);
}

/**
 * The program of several networks for inputs of one shape. Their outputs have as many positions, one and all.
 *
 * Of every covariance only the form that somebody reads is computed (a whole block, its diagonal, one number), equal
 * expressions are computed once, and what belongs to one example is computed once for that example.
 *
 * @throws LemniscateError `Misplaced` if a layer cannot stand where it is
 */
export function compileAll(networks: Networks, input: Shape, options: CompileOptions): Program {
  const program = compiled(networks, input, options);
  // Padding that is not cut off has to be kept at zero, wherever it is.
  const held = options.padded === true && !program.trimmed && !program.masked;
  return held ? compiled(networks, input, { ...options, masked: true }) : program;
}

function compiled(networks: Networks, input: Shape, options: CompileOptions): Program {
  const { get, masked, padded = masked, self = true, rewrite = true } = options;
  const [output] = networks.map(([name, network]) => shapeOf(network, input, name === "" ? [] : [name]));
  const inputs = inputCovariances(input);
  const covariances = networks.map(([name, network, by]) => {
    const own = by === undefined ? covariancesOf(network, inputs, input) : tangentsOf(network, by, inputs, input);
    return [name, own] as const;
  });
  for (const [name, below] of covariances) checkNodes(name, below[get[0]!]("a", "b"), input);
  const programOf = (rules: readonly Rewrite[]): Program => {
    const graph = new Graph([...(masked ? [] : [padded ? unmaskLengths : unmask]), ...rules]);
    const rootsOf = (q: Side): Root[] =>
      covariances.flatMap(([name, below]) =>
        options.get.map((quantity): Root => [resultKey(name, quantity), graph.merge(below[quantity]("a", q))]),
      );
    const [pairRoots, selfRoots] = [rootsOf("b"), self ? rootsOf("a") : []];
    const stages = new Stages(graph, input, masked);
    const lists = listsOf(graph, input, pairRoots, selfRoots, stages);
    const get = pairRoots.map(([key]) => key);
    return { version: 1, input, output: output!, get, masked, ...lists, stages: stages.all };
  };
  if (!rewrite) return programOf([]);
  // Where positions were moved, the input's presence does not tell what counts.
  if (masked && covariances.some(([, below]) => get.some((quantity) => isMoved(below[quantity]("a", "b")))))
    return programOf([multiples, prefix(input), correlation]);
  const algebra = [multiples, prefix(input), readout(input), correlation];
  const program = programOf([...algebra, trace(input)]);
  if (!program.pair.some(({ op }) => op === crossOp.name)) return program;
  const blockwise = programOf(algebra);
  return flopsOf(program, program.pair) < flopsOf(blockwise, blockwise.pair) ? program : blockwise;
}

/** Whether an expression maps positions to others. */
function isMoved(root: Node): boolean {
  return nodesOf(root).some(({ op, grid }) => op.name in mapOps && grid.length > 0);
}

/** Refuses a graph on positions that are not those of the data. */
function checkNodes(name: string, root: Node, input: Shape): void {
  const other = nodesOf(root).find(({ op, grid }) => op === aggregateOp && grid.join() !== input.grid.join());
  if (other === undefined) return;
  throw new LemniscateError({
    code: "Misplaced",
    where: "aggregate",
    given: `a grid [${other.grid.join(", ")}] of positions`,
    allowed: `[${input.grid.join(", ")}], the nodes of the data's graphs`,
    mend: "Aggregate before positions are pooled, sliced or resized.",
    path: name === "" ? undefined : [name],
  });
}

/** An expression and all that it is made of. */
function nodesOf(root: Node): readonly Node[] {
  const [seen, stack] = [new Set<Node>(), [root]];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.args);
  }
  return [...seen];
}

/** What is computed for each example, each pair, and an example with itself. */
function listsOf(
  graph: Graph,
  input: Shape,
  pairRoots: readonly Root[],
  selfRoots: readonly Root[],
  stages: Stages,
): Pick<Program, "trimmed" | "spaces" | "example" | "pair" | "self" | "results"> {
  const pairPlan = plan(wanted(pairRoots), (node) => node.sides.includes("a") && node.sides.includes("b"));
  const fromPair = pairPlan.foreign.map(([node, form]): Wanted => [graph.asExample(node), form]);
  const early = plan(fromPair, () => true);
  const selfPlan = plan(wanted(selfRoots), (node, form) => !covers(early, node, form));
  const examplePlan = plan([...fromPair, ...selfPlan.foreign], () => true);

  const spaces = new Spaces(input);
  const example = emit(examplePlan, spaces, stages, () => undefined);
  const tape = (node: Merged, form: Form): Operand | undefined => {
    const step = example.find(graph.asExample(node), form);
    return step === undefined ? undefined : { from: node.sides.includes("b") ? "b" : "a", step, access: "whole" };
  };
  const pair = emit(pairPlan, spaces, stages, tape);
  const self = emit(selfPlan, spaces, stages, tape);
  const moves = [example, pair, self].flatMap(({ steps }) => steps.filter((step) => !leavesEnd(step, input)));
  const trimmed = moves.length === 0;
  const results = { pair: resultsOf(pairRoots, pair.read), self: resultsOf(selfRoots, self.read) };
  return { trimmed, spaces: spaces.grids, example: example.steps, pair: pair.steps, self: self.steps, results };
}

/**
 * Whether padding behind the last position stays there. Windows on a grid of several axes, or around its end, read
 * positions behind the last one like any other, and maps put them anywhere; one number has no end.
 */
function leavesEnd({ op, form, parameters }: Step, input: Shape): boolean {
  if (op in windowOps) return input.grid.length === 1 && parameters["padding"] !== "circular";
  return !(op in mapOps) || form === "value";
}

/** A result and the expression it is. */
type Root = readonly [key: string, node: Merged];

/** Covariances of the data itself, x·x'/d with the full number of channels d: no weights yet, so no tangent kernel. */
function inputCovariances(input: Shape): Covariances {
  const positional = input.grid.length > 0;
  return remember({
    nngp: (p, q) => affine(gram(p, q, positional ? "pair" : "value", input.grid), 1 / input.channels!, 0),
    ntk: (p, q) => zero(positional ? "pair" : "value", [p, q]),
    presence: (p) => presence(p, positional ? "line" : "value", input.grid),
  });
}

/** Results that are computed at all, as blocks if the network ends with positions. */
function wanted(roots: readonly Root[]): Wanted[] {
  return roots.filter(([, node]) => !isZero(node)).map(([, node]) => [node, formOf(node)]);
}

function formOf(root: Merged): Form {
  return root.extent === "pair" ? "block" : root.extent;
}

function resultsOf(roots: readonly Root[], read: (node: Merged, form: Form) => Operand): Keyed<Operand | null> {
  return Object.fromEntries(roots.map(([key, node]) => [key, isZero(node) ? null : read(node, formOf(node))]));
}

function covers({ forms }: Plan, node: Merged, form: Form): boolean {
  const known = forms.get(node);
  return known !== undefined && (known.has(form) || (form === "diagonal" && known.has("block")));
}

/** Numbers the grids that nodes are on. */
class Spaces {
  readonly grids: (readonly number[])[];

  constructor(input: Shape) {
    this.grids = [input.grid];
  }

  of({ extent, grid, args }: Merged): number {
    const summed = extent === "value" || extent === "channels";
    const worked = summed ? (args.find((arg) => arg.grid.length > 0)?.grid ?? this.grids[0]!) : grid;
    const known = this.grids.findIndex((other) => other.join() === worked.join());
    return known >= 0 ? known : this.grids.push(worked) - 1;
  }
}

/** Numbers the draws that a program reads, and compiles the covariances that they are drawn by. */
class Stages {
  readonly all: Stage[] = [];
  readonly #known = new Map<string, number>();
  readonly #graph: Graph;
  readonly #input: Shape;
  readonly #masked: boolean;

  constructor(graph: Graph, input: Shape, masked: boolean) {
    [this.#graph, this.#input, this.#masked] = [graph, input, masked];
  }

  of({ of, parameters }: Merged): number {
    const { part: _, ...draws } = parameters;
    const key = JSON.stringify([of!.id, draws]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const [input, output] = [this.#input, { grid: of!.grid, channels: undefined, gaussian: true }];
    const [pair, self] = [of!, this.#graph.asExample(of!)].map((node): Root[] => [["covariance", node]]);
    // Draws that the covariance reads come before its own.
    const lists = listsOf(this.#graph, input, pair!, self!, this);
    const program = { version: 1, input, output, get: ["covariance"], masked: this.#masked, ...lists } as const;
    const stage = { covariance: { ...program, stages: [] }, draws: parameters as DrawParameters };
    this.#known.set(key, this.all.push(stage) - 1);
    return this.all.length - 1;
  }
}

interface Emitted {
  readonly steps: readonly Step[];
  readonly find: (node: Merged, form: Form) => number | undefined;
  readonly read: (node: Merged, form: Form) => Operand;
}

/** The steps of a plan, in order. `tape` finds what another list has computed. */
function emit(
  { forms }: Plan,
  spaces: Spaces,
  stages: Stages,
  tape: (node: Merged, form: Form) => Operand | undefined,
): Emitted {
  const steps: Step[] = [];
  const places = new Map<Merged, Map<Form, number>>();
  const find = (node: Merged, form: Form): number | undefined => places.get(node)?.get(form);
  const read = (node: Merged, form: Form): Operand => {
    const here = find(node, form);
    const operand = here === undefined ? tape(node, form) : ({ from: "here", step: here, access: "whole" } as const);
    if (operand === undefined) throw new Error(`${node.op.name} (${form}) is read before it is computed`);
    return operand;
  };
  for (const [node, wantedForms] of forms) {
    const form = computedForm(wantedForms)!;
    const operands = node.args.map((arg, i): Operand => {
      const wantedForm = demandOn(node, i, form);
      return { ...read(arg, wantedForm), access: accessOf(node, i, form, wantedForm) };
    });
    const space = spaces.of(node);
    places.set(node, new Map([[form, steps.length]]));
    const parameters = form === "draws" ? { ...node.parameters, stage: stages.of(node) } : node.parameters;
    steps.push({ op: node.op.name, form, operands, parameters, space });
    if (form === "block" && wantedForms.has("diagonal")) {
      const block: Operand = { from: "here", step: steps.length - 1, access: "whole" };
      places.get(node)!.set("diagonal", steps.length);
      steps.push({ op: takeDiagonalOp.name, form: "diagonal", operands: [block], parameters: {}, space });
    }
  }
  return { steps, find, read };
}

function accessOf(node: Merged, i: number, form: Form, argForm: Form): Access {
  if (node.op.kind === "structural") return "whole";
  if (argForm === "value") return form === "value" ? "same" : "number";
  const role = node.op.roles[i]!;
  return form === "block" && role !== "entry" ? role : "same";
}
