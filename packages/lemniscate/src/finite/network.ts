/** @module Finite networks: weights drawn for every layer, and the layers' `apply` one after another. */
import { type Batch, channelsOf, checkBatch, gridOf } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { graphMatrix } from "../core/graphs.js";
import { child, type RandomKey, streamNormals } from "../core/random.js";
import { positionCount, type Shape } from "../core/shape.js";
import type { ArrayOperations } from "../network/arrays.js";
import { placesAlong } from "../network/branches.js";
import type { Combinator, Join } from "../network/combinators.js";
import { concat } from "../network/composed.js";
import { isJoin, shapeOfJoin } from "../network/joins.js";
import type { FiniteSizes } from "../network/layer.js";
import { type Path, pathInWords } from "../network/path.js";
import type { Network } from "../network/placement.js";
import { checkNetwork } from "../network/size.js";
import { layerOf, locate, shapeBehind } from "../network/trace.js";
import type { Plain } from "./plain.js";
import { partOf, type Weights } from "./weights.js";

type FiniteShape = Shape & { readonly channels: number };

/** The shape of a batch, as a finite network sees it. */
export function shapeOfBatch(x: Batch): FiniteShape {
  checkBatch(x, "finite network: x", Number.MAX_VALUE);
  const parts = x.parts === undefined ? {} : { parts: x.parts };
  return { grid: gridOf(x), channels: channelsOf(x), gaussian: true, ...parts };
}

/** Weights for inputs of a shape, each array from a sequence of its own. */
export function draw(
  network: Network,
  input: FiniteShape,
  sizes: FiniteSizes,
  random: RandomKey,
  at: Path = [],
): { readonly weights: Weights<Plain>; readonly shape: FiniteShape } {
  if (at.length === 0) checkNetwork(network);
  const node = network as Combinator;
  if (node.type === "serial" || node.type === "repeat") {
    const weights: Weights<Plain>[] = [];
    let shape = input;
    for (const [i, [layer, path]] of chainOf(node, at).entries()) {
      const drawn = draw(layer, shape, sizes, child(random, i), path);
      weights.push(drawn.weights);
      shape = drawn.shape;
    }
    return { weights, shape };
  }
  if (isJoin(node)) {
    const drawn = node.branches.map((branch, i) =>
      draw(branch, input, sizes, child(random, i), [...at, "branches", i]),
    );
    const shape = joinedShape(
      node,
      drawn.map((branch) => branch.shape),
      at,
    );
    return { weights: drawn.map((branch) => branch.weights), shape };
  }
  const { definition, options } = layerOf(network, at);
  // Only layers with weights have a width, and only they are given one.
  const sized = definition.weights === undefined || "width" in options ? options : { ...options, width: sizes.width };
  return locate(at, () => {
    const { grid, channels } = shapeBehind(definition, input, sized);
    const shapes = Object.entries(definition.weights?.(input, sized, sizes) ?? {});
    const weights = shapes.map(([name, about]): [string, Plain | null] => {
      if (about === null) return [name, null];
      checkCount(`finite network: ${name} of ${definition.name}`, about.shape);
      const numbers = new Float64Array(about.shape.reduce((product, size) => product * size, 1));
      streamNormals(child(random, name), numbers, 0);
      const std = about.std ?? 1;
      return [name, { shape: about.shape, data: std === 1 ? numbers : numbers.map((value) => value * std) }];
    });
    if (channels === undefined) throw new Error(`${definition.name} does not say how many channels it leaves`);
    return { weights: Object.fromEntries(weights), shape: { grid, channels, gaussian: true } };
  });
}

/** Numbers that one array of weights may have: 2 GB. */
const mostWeights = 2 ** 28;

function checkCount(name: string, shape: readonly number[]): void {
  if (shape.reduce((product, size) => product * size, 1) <= mostWeights) return;
  throw new LemniscateError({
    code: "NotSupported",
    where: name,
    given: `weights of ${shape.join(" × ")} numbers`,
    allowed: `${mostWeights} numbers`,
    mend: "Make the network narrower, or attention with fewer heads, keys and values.",
  });
}

/** Refuses what is no tree of weights of a network's form, before anything goes down into it. */
export function checkWeights(
  where: string,
  network: Network,
  weights: unknown,
  at: Path = [],
): asserts weights is Weights<Plain> {
  if (at.length === 0) checkNetwork(network);
  const refuse = (given: string, allowed: string): never => {
    throw new LemniscateError({
      code: "BadInput",
      where: `${where}: weights${at.length === 0 ? "" : ` of network${pathInWords(at)}`}`,
      given,
      allowed,
      mend: "Make them by init() of the same network, or like those.",
      path: at,
    });
  };
  const node = network as Combinator;
  const parts: readonly [Network, Path][] | null =
    node.type === "serial" || node.type === "repeat"
      ? chainOf(node, at)
      : isJoin(node)
        ? node.branches.map((branch, i) => [branch, [...at, "branches", i]])
        : null;
  if (parts !== null) {
    if (!Array.isArray(weights) || weights.length !== parts.length)
      return refuse(
        Array.isArray(weights) ? `a list of ${weights.length}` : what(weights),
        `a list of ${parts.length}, one for each part`,
      );
    for (const [i, [part, path]] of parts.entries()) checkWeights(where, part, weights[i], path);
    return;
  }
  if (typeof weights !== "object" || weights === null || Array.isArray(weights))
    return refuse(what(weights), "an object of arrays by name");
  for (const [name, array] of Object.entries(weights as Record<string, Plain | null>)) {
    if (array === null) continue;
    const count = Array.isArray(array?.shape) ? array.shape.reduce((product, size) => product * size, 1) : -1;
    if (array?.data?.length !== count)
      refuse(`${name} without ${count < 0 ? "a shape" : `${count} numbers`}`, "arrays");
    if (!array.data.every(Number.isFinite)) refuse(`numbers of ${name} that are not finite`, "finite numbers");
  }
}

function what(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? `a list of ${value.length}` : `a value of type ${typeof value}`;
}

/** The weights of a layer, which are to have all the names that it knows. */
function weightsFor<A>(
  { name, weights: shapesOf }: ReturnType<typeof layerOf>["definition"],
  options: object,
  input: FiniteShape,
  weights: Weights<A>,
): Readonly<Record<string, A | null>> {
  const own = weights as Readonly<Record<string, A | null>>;
  const ones = { width: 1, heads: 1, keys: 1, values: 1 };
  const missing = Object.keys(shapesOf?.(input, { width: 1, ...options }, ones) ?? {}).filter((key) => !(key in own));
  if (missing.length === 0) return own;
  throw new LemniscateError({
    code: "BadInput",
    where: `finite network: weights of ${name}`,
    given: Object.keys(own).join(", ") || "none",
    allowed: `${missing.join(", ")} among them`,
    mend: "Make them by init() of the same network, or like those.",
  });
}

/** Activations in a finite network: x (n, S, d), and a mask (n, S) if there is padding. */
export interface Activations<A> {
  readonly x: A;
  readonly shape: FiniteShape;
  readonly mask: Uint8Array | null;
  /** (n, S, S), the graphs of the data; `null` without them. */
  readonly graph: A | null;
}

/** A batch as activations; padding is 0, whatever stands there. */
export function activationsOf<A>(t: ArrayOperations<A>, batch: Batch): Activations<A> {
  const shape = shapeOfBatch(batch);
  const mask = batch.mask?.includes(0) === true ? batch.mask : null;
  const data = Float64Array.from(batch.data, (value, i) => (mask?.[Math.floor(i / shape.channels)] === 0 ? 0 : value));
  const S = positionCount(shape);
  const matrices = batch.graphs && Array.from({ length: batch.shape[0] }, (_, i) => graphMatrix(batch.graphs!, S, i));
  const graph =
    matrices === undefined
      ? null
      : t.examples(
          [S, S],
          matrices.flatMap((matrix) => [...matrix]),
        );
  return { x: t.examples([S, shape.channels], data), shape, mask, graph };
}

/** What a finite network makes of activations. `random` is for layers that are random beyond their weights. */
export function forward<A>(
  t: ArrayOperations<A>,
  network: Network,
  weights: Weights<A>,
  below: Activations<A>,
  random: RandomKey,
  at: Path = [],
): Activations<A> {
  const node = network as Combinator;
  if (node.type === "serial" || node.type === "repeat") {
    let state = below;
    for (const [i, [layer, path]] of chainOf(node, at).entries())
      state = forward(t, layer, partOf(weights, i), state, child(random, i), path);
    return state;
  }
  if (isJoin(node)) {
    const branches = node.branches.map((branch, i) =>
      forward(t, branch, partOf(weights, i), below, child(random, i), [...at, "branches", i]),
    );
    return joined(t, node, branches, at);
  }
  const { definition, options } = layerOf(network, at);
  const { apply } = definition;
  if (apply === undefined)
    throw new LemniscateError({
      code: "NotSupported",
      where: definition.name,
      given: "a finite width",
      allowed: "layers that are the limit of finite networks",
      mend: "Compute its kernel instead: no network of finite width has it as its limit.",
      path: at,
    });
  return locate(at, () => {
    const { graph } = below;
    const place = { input: below.shape, mask: columns(t, below), graph, random };
    const x = apply(t, weightsFor(definition, options, below.shape, weights), below.x, options, place);
    const { grid } = shapeBehind(definition, below.shape, options);
    const shape = { grid, channels: t.shape(x)[2]!, gaussian: true };
    const state = { x, shape, mask: maskBehind(below, definition.mask, options), graph };
    const mask = columns(t, state);
    return mask === null ? state : { ...state, x: t.multiply(x, mask) };
  });
}

/** The layers of a chain, with their places. */
function chainOf(node: Extract<Combinator, { type: "serial" | "repeat" }>, at: Path): [Network, Path][] {
  if (node.type === "serial") return node.layers.map((layer, i) => [layer, [...at, "layers", i]]);
  return Array.from({ length: node.times }, () => [node.layer, [...at, "layer"]]);
}

function columns<A>(t: ArrayOperations<A>, { mask, shape }: Activations<A>): A | null {
  return mask === null ? null : t.examples([positionCount(shape), 1], mask);
}

/** The mask behind a layer, example by example. */
function maskBehind<A>(
  { mask, shape }: Activations<A>,
  rule: ((mask: Uint8Array, options: object, input: Shape) => Uint8Array) | undefined,
  options: object,
): Uint8Array | null {
  if (mask === null || rule === undefined) return mask;
  const S = positionCount(shape);
  const n = mask.length / S;
  const each = Array.from({ length: n }, (_, i) => [...rule(mask.subarray(i * S, (i + 1) * S), options, shape)]);
  return Uint8Array.from(each.flat());
}

/** Branches added, multiplied, or one beside the other. */
function joined<A>(t: ArrayOperations<A>, join: Join, branches: readonly Activations<A>[], at: Path): Activations<A> {
  const [xs, masks] = [branches.map(({ x }) => x), branches.map(({ mask }) => mask)];
  const shapes = branches.map(({ shape }) => shape);
  const shape = joinedShape(join, shapes, at);
  const { graph } = branches[0]!;
  if (join.type === "parallel")
    return { x: xs.reduce((x, y) => t.add(x, y)), shape, mask: masks.reduce(either), graph };
  if (join.type === "product")
    return { x: xs.reduce((x, y) => t.multiply(x, y)), shape, mask: masks.reduce(either), graph };
  if (join.along === "channels") return { x: concat(t, xs, 2), shape, mask: masks.reduce(either), graph };
  const S = positionCount(shape);
  const grids = shapes.map(({ grid }) => grid);
  const places = shapes.map((_, r) => placesAlong(grids, r, join.along as number));
  const x = xs.map((y, r) => t.give(y, 1, places[r]!, S)).reduce((y, z) => t.add(y, z));
  if (masks.every((mask) => mask === null)) return { x, shape, mask: null, graph };
  const n = t.shape(x)[0]!;
  const mask = new Uint8Array(n * S);
  for (const [r, to] of places.entries())
    for (let i = 0; i < n; i++)
      for (const [s, place] of to.entries()) mask[i * S + place] = masks[r]?.[i * to.length + s] ?? 1;
  return { x, shape, mask, graph };
}

/** The shape behind a join; what is added or multiplied has as many channels. */
function joinedShape(join: Join, shapes: readonly FiniteShape[], at: Path): FiniteShape {
  if (join.type !== "concat") shapes.reduce((x, y) => sameShape(x, y, at));
  return { ...shapeOfJoin(join, shapes, [], at), gaussian: true } as FiniteShape;
}

function either(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  return a === null || b === null ? null : a.map((present, i) => present | b[i]!);
}

function sameShape(a: FiniteShape, b: FiniteShape, at: Path): FiniteShape {
  if (a.channels === b.channels) return a;
  throw new LemniscateError({
    code: "Misplaced",
    where: "parallel",
    given: `branches with ${a.channels} and ${b.channels} channels`,
    allowed: "branches with equally many",
    mend: "Declare one width in all of them, and put dense() before the sum if a branch carries the data.",
    path: at,
  });
}
