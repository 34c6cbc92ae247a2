/** @module What a network does to shapes and covariances: its layers' rules, one after another. */
import { LemniscateError } from "../core/errors.js";
import { describeShape, type Shape } from "../core/shape.js";
import { add } from "../ops/elementary.js";
import type { Node, Side } from "../ops/op.js";
import { either, keep } from "../ops/padding.js";
import type { Combinator, Parallel } from "./combinators.js";
import type { Covariances, LayerCovariances } from "./layer.js";
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
  if (node.type === "parallel") return shapeOfSum(node, input, at);
  const { definition, options } = layerOf(network, at);
  return locate(at, () => shapeBehind(definition, input, options));
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
    const chain = node.type === "serial" ? node.layers : Array.from({ length: node.times }, () => node.layer);
    let shape = input;
    return chain.reduce((covariances, layer) => {
      const next = covariancesOf(layer, covariances, shape);
      shape = shapeOf(layer, shape);
      return next;
    }, below);
  }
  if (node.type === "parallel") {
    const branches = node.branches.map((branch) => covariancesOf(branch, below, input));
    return remember({
      nngp: (p, q) => branches.map((branch) => branch.nngp(p, q)).reduce(add),
      ntk: (p, q) => branches.map((branch) => branch.ntk(p, q)).reduce(add),
      presence: (p) => branches.map((branch) => branch.presence(p)).reduce(either),
    });
  }
  const { definition, options } = layerOf(network, []);
  return withPadding(definition.kernel(below, options, input), below);
}

/** Puts the zeros of padding back after a layer, and computes each covariance once. */
function withPadding(layer: LayerCovariances, below: Covariances): Covariances {
  const presence = layer.presence ?? below.presence;
  const kept = (k: Node, p: Side, q: Side): Node => keep(k, presence(p), presence(q));
  return remember({
    nngp: (p, q) => kept(layer.nngp(p, q), p, q),
    ntk: (p, q) => kept(layer.ntk(p, q), p, q),
    presence,
  });
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
    presence: (p) => once(`presence${p}`, () => covariances.presence(p)),
  };
}

function shapeOfSum(sum: Parallel, input: Shape, at: Path): Shape {
  const shapes = sum.branches.map((branch, i) => shapeOf(branch, input, [...at, "branches", i]));
  const first = shapes[0];
  const refuse = (given: string, allowed: string, mend: string, branch: Path = []): never => {
    const where = `parallel${pathInWords(at)}`;
    throw new LemniscateError({ code: "Misplaced", where, given, allowed, mend, path: [...at, ...branch] });
  };
  if (first === undefined) return refuse("no branches", "one branch or more", "Give parallel() something to sum.");
  for (const [i, shape] of shapes.entries()) {
    if (shape.grid.join() !== first.grid.join())
      refuse(
        `branches that end with ${describeShape(first)} and ${describeShape(shape)}`,
        "branches of one shape",
        "Pool or flatten all of them, or none.",
        ["branches", i],
      );
    if (!shape.gaussian)
      refuse(
        `branch ${i} ending with ${describeShape(shape)}, which is data or comes from a nonlinearity`,
        "branches that end Gaussian",
        "End the branch with dense() or attention(), and put dense() before the sum's input if that is data.",
        ["branches", i],
      );
  }
  const plain = sum.branches.filter((branch) => !hasWeights(branch)).length;
  if (plain > 1)
    refuse(
      `${plain} branches without weights of their own`,
      "one such branch at most",
      "Branches that carry the same random variables do not add like independent ones: give all but one a dense().",
    );
  const channels = shapes.find((shape) => shape.channels !== undefined)?.channels;
  return { ...first, channels };
}

/** Whether fresh random weights stand in a branch, which make it uncorrelated with every other branch. */
function hasWeights(network: Network): boolean {
  const node = network as Combinator;
  if (node.type === "serial") return node.layers.some(hasWeights);
  if (node.type === "repeat") return node.times > 0 && hasWeights(node.layer);
  if (node.type === "parallel") return node.branches.every(hasWeights);
  return layerOf(network, []).definition.hasWeights;
}

/** A layer's definition and its checked options. */
export function layerOf(network: Network, at: Path): { definition: Definition; options: object } {
  const definition = layers.get(network.type);
  if (definition === undefined)
    throw new LemniscateError({
      code: "BadNetwork",
      where: `network${pathInWords(at)}: type`,
      given: JSON.stringify(network.type) ?? "nothing",
      allowed: ["serial", "parallel", "residual", "repeat", ...layers.keys()].join(", "),
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
