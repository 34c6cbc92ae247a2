/** @module Derivatives of kernels by what networks are made of, as expressions like any other. */
import { isLemniscateError, LemniscateError } from "../core/errors.js";
import { describeShape, positionCount, type Shape } from "../core/shape.js";
import type { Serial } from "../network/combinators.js";
import type { Covariances } from "../network/layer.js";
import type { Path } from "../network/path.js";
import type { Network } from "../network/placement.js";
import { covariancesOf, remember, shapeOf } from "../network/trace.js";
import { add, addOp, affine, affineOp, multiply, multiplyOp } from "../ops/elementary.js";
import { apply, type ElementwiseOp, type Node, type Parameter, type Parameters, type Side } from "../ops/op.js";
import { keep, keepOp } from "../ops/padding.js";
import { mapOf, mapPairs } from "../ops/position-map.js";
import { scaleDiagonalOp } from "../ops/same-unit.js";
import { interpolate, listOf, stencils, stepAt } from "../ops/tangents/differences.js";
import { tangentOp, withTangents } from "../ops/tangents/elementwise.js";
import { drawn, structuralTangents } from "../ops/tangents/structural.js";
import { isZero, zero } from "../ops/zero.js";

/**
 * The derivatives of a network's covariances by one of its numbers, named by its place: ["layers", 0, "weightStd"].
 *
 * The rules are run on networks in which the number is a little different. They make expressions of the same shape, whose
 * parameters differ; how these change is interpolated, and from there on derivatives follow the expression by the chain
 * rule. Where the number is special, as a bias of 0, the network itself makes a smaller expression: values are its, and
 * the shape is that of its neighbours.
 *
 * @throws LemniscateError `OptionOutOfRange` if there is no such number, or one that cannot vary; `NotSupported` if an
 *   operation has no derivative
 */
export function tangentsOf(network: Network, place: Path, below: Covariances, input: Shape): Covariances {
  if (place === byInput) return alongInputs(network, below, input);
  const { points, step, networks } = neighbours(network, place, input);
  const base = covariancesOf(network, below, input);
  const around = networks.map((one) => covariancesOf(one, below, input));
  const tangents = new Tangents(points, step);
  const of = (quantity: "nngp" | "ntk", p: Side, q: Side): Node =>
    tangents.of(
      base[quantity](p, q),
      around.map((one) => one[quantity](p, q)),
    );
  return remember({
    nngp: (p, q) => of("nngp", p, q),
    ntk: (p, q) => of("ntk", p, q),
    presence: base.presence,
  });
}

/** In the place of a number: the inputs, of a network that begins with the input "at", along the input "along". */
export const byInput: Path = ["input"];

/**
 * The derivatives along a direction of the data: those of x·x' are x·v' + v·x', of which every position has the same part
 * in (x + v)·(x' + v') − x·x' − v·v'.
 *
 * @throws LemniscateError `ShapeMismatch` unless the data and the direction have one shape
 */
function alongInputs(network: Network, below: Covariances, input: Shape): Covariances {
  const [first, behind] = (network as Serial).layers as readonly [Network, Network];
  const [part, other] = input.parts ?? [];
  if (part === undefined || part.grid.join() !== other?.grid.join() || part.channels !== other.channels)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: "kernelGradient: input",
      given: describeShape(input),
      allowed: "a batch and directions of the same shape",
      mend: "Give both batches as inputs({ at: x, along: direction }).",
    });
  const at = covariancesOf(first, below, input);
  const base = covariancesOf(behind, at, shapeOf(first, input));
  const S = positionCount({ ...part, gaussian: false });
  const positions = (...parts: readonly number[]) =>
    mapOf(
      input.grid,
      part.grid,
      Array.from({ length: S }, (_, s) => parts.map((k) => [k * S + s, 1] as const)),
    );
  const tangents = new Tangents([], 1);
  for (const p of ["a", "b"] as const)
    for (const q of ["a", "b"] as const) {
      const [both, x, v] = [positions(0, 1), positions(0), positions(1)].map((map) => mapPairs(below.nngp(p, q), map));
      const crossed = add(both!, affine(add(x!, v!), -1, 0));
      tangents.set(at.nngp(p, q), keep(crossed, at.presence(p), at.presence(q)));
    }
  const of = (node: Node): Node => tangents.of(node, [node]);
  return remember({
    nngp: (p, q) => of(base.nngp(p, q)),
    ntk: (p, q) => of(base.ntk(p, q)),
    presence: base.presence,
  });
}

/** Networks with a number moved by multiples of a step, on both sides if its range allows. */
function neighbours(
  network: Network,
  place: Path,
  input: Shape,
): { readonly points: readonly number[]; readonly step: number; readonly networks: readonly Network[] } {
  const value = numberAt(network, place);
  const step = stepAt(value);
  let refusal: unknown;
  for (const points of stencils) {
    const networks = points.map((k) => withNumber(network, place, value + k * step));
    try {
      for (const one of networks) shapeOf(one, input);
      return { points, step, networks };
    } catch (error) {
      if (!isLemniscateError(error)) throw error;
      refusal = error;
    }
  }
  const refused = (refusal as LemniscateError).message;
  throw noNumber(place, `${value}, which cannot vary (${refused})`);
}

/** The number at a place in a network. */
function numberAt(network: Network, place: Path): number {
  let found: unknown = network;
  for (const key of place)
    found =
      typeof found === "object" && found !== null && Object.hasOwn(found, key)
        ? (found as Record<string | number, unknown>)[key]
        : undefined;
  if (typeof found !== "number") throw noNumber(place, JSON.stringify(found) ?? "nothing");
  return found;
}

function noNumber(place: Path, given: string): LemniscateError {
  return new LemniscateError({
    code: "OptionOutOfRange",
    where: `kernelGradient: ${place.join(".")}`,
    given,
    allowed: "the place of a number that a layer may vary, as layers.0.weightStd",
    mend: "Look where it stands in networkToJson(network); options with defaults are there too.",
  });
}

function withNumber<T>(node: T, [key, ...rest]: Path, value: number): T {
  if (key === undefined) return value as T;
  const changed = withNumber((node as Record<string | number, unknown>)[key], rest, value);
  if (Array.isArray(node)) return node.map((item, i) => (i === key ? changed : item)) as T;
  return { ...node, [key]: changed };
}

/** What an operation is that a neighbour has and the network itself, being a special case, has not: nothing. */
const passes: ReadonlyMap<string, { readonly arg: number; readonly parameters: Parameters }> = new Map([
  [affineOp.name, { arg: 0, parameters: { scale: 1, shift: 0 } }],
  [scaleDiagonalOp.name, { arg: 0, parameters: { factor: 1 } }],
  [keepOp.name, { arg: 1, parameters: {} }],
]);

/** A node whose tangent is asked for. */
interface Position {
  /** The first of its neighbours, by which it is known. */
  readonly shape: Node;
  readonly node: Node;
  /** Those of its parameters that change, and how fast. */
  readonly along: Parameters;
  readonly below: readonly (readonly [base: Node, around: readonly Node[]])[];
}

/** Tangents of expressions, each built once. */
class Tangents {
  readonly #points: readonly number[];
  readonly #step: number;
  readonly #known = new Map<Node, Node>();

  constructor(points: readonly number[], step: number) {
    this.#points = points;
    this.#step = step;
  }

  /** Says what the tangent of a node is, of which the node itself does not tell. */
  set(node: Node, tangent: Node): void {
    this.#known.set(node, tangent);
  }

  /**
   * The tangent of `base`, whose neighbours are `around`: of one shape, the first of them to tell it. What it is made of
   * comes first, on a list of its own: a deep network would exhaust the call stack.
   */
  of(base: Node, around: readonly Node[]): Node {
    const [shape] = around as [Node];
    const open = [this.#position(base, around)];
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const ahead = last.below.find(([, [other]]) => !this.#known.has(other!));
      if (ahead !== undefined) open.push(this.#position(...ahead));
      else {
        this.#known.set(last.shape, this.#known.get(last.shape) ?? this.#derive(last));
        open.pop();
      }
    }
    return this.#known.get(shape)!;
  }

  /** A node at the place that is meant, and what stands below it: each with its neighbours. */
  #position(base: Node, around: readonly Node[]): Position {
    const [shape] = around as [Node];
    if (isZero(shape) || this.#known.has(shape)) return { shape, node: shape, along: {}, below: [] };
    const { meant, along } = this.#parameters(around);
    const isThere = base.op.name === shape.op.name && agree(base.parameters, meant);
    const pass = isThere ? undefined : passes.get(shape.op.name);
    if (!isThere && (pass === undefined || !agree(pass.parameters, meant))) throw special(base, shape);
    const args = pass === undefined ? base.args : shape.args.map((arg, i) => (i === pass.arg ? base : arg));
    const node: Node = pass === undefined ? base : { ...shape, args, parameters: pass.parameters };
    const below = args.map((arg, i) => [arg, around.map(({ args }) => args[i]!)] as const);
    const drawnBy = base.of === undefined ? [] : [[base.of, around.map(({ of }) => of!)] as const];
    return { shape, node, along, below: [...below, ...drawnBy] };
  }

  #derive({ shape, node, along, below }: Position): Node {
    const rest = zero(shape.extent, shape.sides);
    if (isZero(shape)) return rest;
    const all = below.map(([, [other]]) => this.#known.get(other!)!);
    const tangents = all.slice(0, node.args.length);
    if (!all.slice(node.args.length).every(isZero)) drawn();
    if (tangents.every(isZero) && Object.keys(along).length === 0) return rest;
    if (node.op.kind === "elementwise") return elementwise(node, node.op, tangents, along);
    return structuralTangents[node.op.name]({ node, tangents, along });
  }

  /** Parameters where the number is what it is, and how fast they change, those that do. */
  #parameters(around: readonly Node[]): { readonly meant: Parameters; readonly along: Parameters } {
    const [shape] = around as [Node];
    const meant: Record<string, Parameter> = { ...shape.parameters };
    const along: Record<string, Parameter> = {};
    for (const [name, parameter] of Object.entries(shape.parameters)) {
      const others = around.map((node) => node.parameters[name]!);
      if (others.every((other) => same(other, parameter))) continue;
      if (typeof parameter === "string" || typeof parameter === "boolean") throw special(shape, shape);
      const isList = Array.isArray(parameter);
      const lists = others.map((other) => listOf(other));
      if (!lists.every((list) => list.length === lists[0]!.length && list.every((item) => typeof item === "number")))
        throw special(shape, shape);
      const moved = listOf(parameter).map((_, i) =>
        interpolate(
          this.#points,
          lists.map((list) => list[i]!),
        ),
      );
      const [values, slopes] = [moved.map(({ value }) => value), moved.map(({ slope }) => slope / this.#step)];
      meant[name] = isList ? values : values[0]!;
      if (slopes.some((slope) => slope !== 0)) along[name] = isList ? slopes : slopes[0]!;
    }
    return { meant, along };
  }
}

function special(base: Node, shape: Node): LemniscateError {
  return new LemniscateError({
    code: "NotSupported",
    where: "kernelGradient",
    given: `a number at which the operation ${shape.op.name} is special (${base.op.name})`,
    allowed: "numbers around which the network computes the same things",
    mend: "Move the number a little: entries of a matrix that are 0, for one, are left out of it.",
  });
}

/** Whether two parameters are equal, entry by entry. */
function same(a: Parameter, b: Parameter): boolean {
  return a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));
}

/** Whether parameters are the same, up to what interpolation leaves. */
function agree(parameters: Parameters, meant: Parameters): boolean {
  return Object.entries(meant).every(([name, parameter]) => {
    const other = parameters[name];
    if (other === undefined || typeof other !== typeof parameter) return false;
    if (same(other, parameter)) return true;
    if (typeof parameter !== "number" && !Array.isArray(parameter)) return false;
    const [a, b] = [listOf(parameter), listOf(other)];
    return a.length === b.length && a.every((x, i) => Math.abs(x - b[i]!) <= 1e-9 * Math.max(1, Math.abs(x)));
  });
}

/** The few operations that are linear, or nearly so, as themselves; others by the derivative of their formula. */
function elementwise(node: Node, op: ElementwiseOp, tangents: readonly Node[], along: Parameters): Node {
  const [x, y] = node.args as [Node, Node];
  const [dx, dy] = tangents as [Node, Node];
  if (op.name === affineOp.name) {
    const scaled = affine(dx, node.parameters["scale"] as number, 0);
    if (Object.keys(along).length === 0) return scaled;
    return add(scaled, affine(x, (along["scale"] ?? 0) as number, (along["shift"] ?? 0) as number));
  }
  if (op.name === addOp.name) return add(dx, dy);
  if (op.name === multiplyOp.name) return add(multiply(dx, y), multiply(x, dy));
  if (op.name === keepOp.name) return keep(dy, x, node.args[2]!);
  const movers = tangents.map((tangent) => !isZero(tangent));
  const moving = tangents.filter((tangent) => !isZero(tangent));
  return apply(tangentOp(op, movers), [...node.args, ...moving], withTangents(node.parameters, along));
}
