/** @module What a network does to shapes and covariances: its layers' rules, one after another. */
import { LemniscateError } from "../core/errors.js";
import { describeShape, type Shape } from "../core/shape.js";
import type { Node, Side } from "../ops/op.js";
import { keep } from "../ops/padding.js";
import { zero } from "../ops/zero.js";
import { type Branch, besideInChannels, besideInPositions, type Passed, product, sum } from "./branches.js";
import type { Combinator, Join } from "./combinators.js";
import { type Bond, isJoin, shapeOfJoin } from "./joins.js";
import type { Covariances, LayerCovariances, LinearStep } from "./layer.js";
import { layers } from "./layers/index.js";
import { optionError } from "./make.js";
import { type Path, pathInWords } from "./path.js";
import type { Network } from "./placement.js";

/** The shape behind a network. `at` is its place in a larger one, for errors. */
export function shapeOf(network: Network, input: Shape, at: Path = []): Shape {
  const node = network as Combinator;
  if (node.type === "serial")
    return node.layers.reduce((shape, layer, i) => shapeOf(layer, shape, [...at, "layers", i]), input);
  if (node.type === "repeat") {
    let shape = input;
    for (let i = 0; i < node.times; i++) shape = shapeOf(node.layer, shape, [...at, "layer"]);
    return shape;
  }
  if (isJoin(node)) {
    const shapes = node.branches.map((branch, i) => shapeOf(branch, input, [...at, "branches", i]));
    const summands = node.type === "parallel" ? summandsOf(node) : node.branches;
    return shapeOfJoin(
      node,
      shapes,
      summands.map((branch) => bondOf(branch, input)),
      at,
    );
  }
  const { definition, options } = layerOf(network, at);
  return locate(at, () => {
    const shape = shapeBehind(definition, input, options);
    definition.closedForm?.(options);
    return shape;
  });
}

/** The shape behind a layer, which of several inputs takes none but by name. */
export function shapeBehind(definition: Definition, input: Shape, options: object): Shape {
  if (input.parts === undefined || definition.name === "input") return definition.shape(input, options);
  throw new LemniscateError({
    code: "Misplaced",
    where: definition.name,
    given: describeShape(input),
    allowed: "one of them",
    mend: `Put input({ name: ${JSON.stringify(input.parts[0]?.name)} }) before it.`,
  });
}

/** The covariances behind a network, given those of its input. */
export function covariancesOf(network: Network, below: Covariances, input: Shape): Covariances {
  const node = network as Combinator;
  if (node.type === "serial" || node.type === "repeat") {
    let shape = input;
    return chainOf(node).reduce((covariances, layer, i) => {
      const next = covariancesOf(layer, covariances, shape);
      shape = shapeOf(layer, shape);
      // Each rule asks the one below: in a deep network that would exhaust the call stack.
      if (i % 50 === 49) askAll(next);
      return next;
    }, below);
  }
  if (isJoin(node)) {
    const joined = joinOf(node, below, input);
    return remember(shapeOf(node, input).gaussian ? { ...joined, means: noMeans(joined) } : joined);
  }
  const { definition, options } = layerOf(network, []);
  return withPadding(definition.kernel(below, options, input), below, definition.hasWeights);
}

function askAll(covariances: Covariances): void {
  const sides = ["a", "b"] as const;
  for (const p of sides)
    for (const q of sides) {
      covariances.nngp(p, q);
      covariances.ntk(p, q);
    }
}

/** Puts the zeros of padding back after a layer, and computes each covariance once. */
function withPadding(layer: LayerCovariances, below: Covariances, gaussian: boolean): Covariances {
  const presence = layer.presence ?? below.presence;
  const kept = (k: Node, p: Side, q: Side): Node => keep(k, presence(p), presence(q));
  return remember({
    nngp: (p, q) => kept(layer.nngp(p, q), p, q),
    ntk: (p, q) => kept(layer.ntk(p, q), p, q),
    ...(gaussian ? { means: noMeans(layer) } : layer.means && { means: (p, q) => kept(layer.means!(p, q), p, q) }),
    presence,
  });
}

/** The means of Gaussians. */
function noMeans({ nngp }: Pick<Covariances, "nngp">): NonNullable<Covariances["means"]> {
  return (p, q) => zero(nngp(p, q).extent, [p, q]);
}

/** The same covariances, each built once: rules ask for them again and again. */
export function remember(covariances: Covariances): Covariances {
  const known = new Map<string, Node>();
  const once = (key: string, make: () => Node): Node => {
    const found = known.get(key) ?? make();
    known.set(key, found);
    return found;
  };
  return {
    nngp: (p, q) => once(`nngp${p}${q}`, () => covariances.nngp(p, q)),
    ntk: (p, q) => once(`ntk${p}${q}`, () => covariances.ntk(p, q)),
    ...(covariances.means && { means: (p, q) => once(`means${p}${q}`, () => covariances.means!(p, q)) }),
    presence: (p) => once(`presence${p}`, () => covariances.presence(p)),
  };
}

/** What joins branches, on their covariances. */
function joinOf(join: Join, below: Covariances, input: Shape): Covariances {
  const branches = (join.type === "parallel" ? summandsOf(join) : join.branches).map((network): Branch => {
    const shape = shapeOf(network, input);
    return {
      ...bondOf(network, input),
      grid: shape.grid,
      covariances: covariancesOf(network, below, input),
      steps: passedBy(network, below, input),
    };
  });
  if (join.type === "parallel") return sum(branches, below, input.grid);
  if (join.type === "product") return product(branches);
  if (join.along !== "channels") return besideInPositions(branches, join.along, below, input.grid);
  return besideInChannels(
    branches,
    join.branches.map((branch) => shapeOf(branch, input).channels ?? 1),
  );
}

/** The steps of a network that is constant and linear on positions, and what is behind each. */
function passedBy(network: Network, below: Covariances, input: Shape): readonly Passed[] {
  let covariances = below;
  return (stepsOf(network, input) ?? []).map(({ layer, step, from, to }) => {
    covariances = covariancesOf(layer, covariances, from);
    return { ...step, grid: to.grid, presence: covariances.presence };
  });
}

/** The layers of a network that is constant and linear on positions, or null if it is not. */
function stepsOf(network: Network, input: Shape): readonly LinearLayer[] | null {
  const node = network as Combinator;
  if (isJoin(node)) return null;
  if (node.type !== "serial" && node.type !== "repeat") {
    const { definition, options } = layerOf(network, []);
    const step = definition.linear?.(options, input) ?? null;
    return step === null ? null : [{ layer: network, step, from: input, to: shapeOf(network, input) }];
  }
  let shape = input;
  const found: LinearLayer[] = [];
  for (const layer of chainOf(node)) {
    const steps = stepsOf(layer, shape);
    if (steps === null) return null;
    found.push(...steps);
    shape = shapeOf(layer, shape);
  }
  return found;
}

interface LinearLayer {
  readonly layer: Network;
  readonly step: LinearStep;
  readonly from: Shape;
  readonly to: Shape;
}

/** The branches of a sum; those of a sum among them are branches of the sum. */
function summandsOf(network: Network): readonly Network[] {
  const node = network as Combinator;
  if (node.type === "parallel") return node.branches.flatMap(summandsOf);
  return node.type === "serial" && node.layers.length === 1 ? summandsOf(node.layers[0]!) : [network];
}

function bondOf(network: Network, input: Shape): Bond {
  return { key: JSON.stringify(network), fresh: hasWeights(network), linear: stepsOf(network, input) !== null };
}

/** Whether fresh random weights stand in a branch, which make it uncorrelated with every other branch. */
function hasWeights(network: Network): boolean {
  const node = network as Combinator;
  if (isJoin(node)) return node.branches.every(hasWeights);
  if (node.type === "serial" || node.type === "repeat") return chainOf(node).some(hasWeights);
  return layerOf(network, []).definition.hasWeights;
}

function chainOf(node: Extract<Combinator, { type: "serial" | "repeat" }>): readonly Network[] {
  return node.type === "serial" ? node.layers : Array.from({ length: node.times }, () => node.layer);
}

/** A layer's definition and its checked options. */
export function layerOf(network: Network, at: Path): { definition: Definition; options: object } {
  const definition = layers.get(network.type);
  if (definition === undefined)
    throw new LemniscateError({
      code: "BadNetwork",
      where: `network${pathInWords(at)}: type`,
      given: JSON.stringify(network.type) ?? "nothing",
      allowed: ["serial", "parallel", "product", "concat", "residual", "repeat", ...layers.keys()].join(", "),
      mend: "Check the spelling, or see the list of layers in the documentation.",
      path: [...at, "type"],
    });
  const { type: _, ...options } = network as { type: string };
  const parsed = definition.options.safeParse(options);
  if (!parsed.success)
    throw optionError(
      `network${pathInWords(at)} (${network.type})`,
      parsed.error.issues[0]!,
      options,
      at,
      definition.options,
    );
  return { definition, options: parsed.data };
}

type Definition = NonNullable<ReturnType<typeof layers.get>>;

/** Adds the place in the network to an error of a layer. */
export function locate<T>(at: Path, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof LemniscateError)) throw error;
    const where = at.length === 0 ? error.where : `network${pathInWords(at)}: ${error.where}`;
    const { code, given, allowed, mend } = error;
    throw new LemniscateError({ code, where, given, allowed, mend, path: at, cause: error });
  }
}
