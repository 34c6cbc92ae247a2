import { aggregateOp } from "./aggregate.js";
import {
  activateOp,
  bendOp,
  composeOp,
  crossOp,
  rectifyOp,
  sandwichOp,
  softmaxRowsOp,
  sparsemaxRowsOp,
  supportOp,
} from "./attend.js";
import {
  affineDistanceOp,
  definedDistanceOp,
  fromDistanceOp,
  perRootOp,
  rootOp,
  scaledShareOp,
  shiftShareOp,
} from "./correlation.js";
import { drawsOp, meanJacobianOp, meanSandwichOp } from "./draws.js";
import { dualSumsOp } from "./dual-sums.js";
import { type Dual, dualOps } from "./duals/dual.js";
import { errorFunctionDual } from "./duals/error-function.js";
import { exponentialDual } from "./duals/exponential.js";
import { gaborDual } from "./duals/gabor.js";
import { gaussianDual } from "./duals/gaussian.js";
import { geluDual } from "./duals/gelu.js";
import { hermiteSeriesDual } from "./duals/hermite-series.js";
import { normalizedExponentialDual } from "./duals/normalized-exponential.js";
import { piecewiseLinearDual } from "./duals/piecewise-linear.js";
import { polynomialDual } from "./duals/polynomial.js";
import { hermiteDual, powerDual } from "./duals/power.js";
import { quadratureOps } from "./duals/quadrature.js";
import { rectifiedPowerDual } from "./duals/rectified-power.js";
import {
  carriedDistanceOp,
  carriedSlopeOp,
  rectifierDistanceOp,
  rectifierDual,
  sidedRectifierOps,
} from "./duals/rectifier.js";
import { signDual } from "./duals/sign.js";
import { sineDual } from "./duals/sine.js";
import { addOp, affineOp, multiplyOp } from "./elementary.js";
import { endOp } from "./end.js";
import { gramOp, mixedGramOp, mixLineOp, mixOp, pooledGramOp, poolInputsOp } from "./gram.js";
import { namedFunctions } from "./named-functions.js";
import { inverseRootOp, normalizeOp } from "./normalize.js";
import type { ElementwiseOp, Parameters, StructuralName, StructuralOp } from "./op.js";
import { anyOp, eitherOp, keepOp, presenceOp, scaleSidesOp, shareOp } from "./padding.js";
import { positionCovarianceOp } from "./position-covariance.js";
import { mapLineOp, mapPairsOp } from "./position-map.js";
import { acuteDistanceOp, rectifierSumsOp, rectifierTermOp } from "./rectifier-sums.js";
import { bilinearOp, innerOp, outerOp, sumDiagonalOp, sumPairsOp, takeDiagonalOp, weighOp } from "./reductions.js";
import { onlyDiagonalOp, scaleDiagonalOp } from "./same-unit.js";
import { slopeOf } from "./tangents/differences.js";
import { movedParameters, tangentOps } from "./tangents/elementwise.js";
import { tokenMaskOp } from "./token-mask.js";
import { convolveOp, pickCentersOp, tapSharesOp, windowSumsOp } from "./window.js";

// biome-ignore lint/suspicious/noExplicitAny: parameters belong to each operation; programs carry them along
type AnyDual = Dual<any>;

const duals: readonly AnyDual[] = [
  rectifierDual,
  errorFunctionDual,
  geluDual,
  sineDual,
  exponentialDual,
  gaussianDual,
  gaborDual,
  signDual,
  powerDual,
  rectifiedPowerDual,
  hermiteDual,
  polynomialDual,
  normalizedExponentialDual,
  hermiteSeriesDual,
  piecewiseLinearDual,
];

// biome-ignore lint/suspicious/noExplicitAny: as above
const elementwise: readonly ElementwiseOp<any>[] = [
  affineOp,
  addOp,
  multiplyOp,
  keepOp,
  eitherOp,
  shareOp,
  anyOp,
  scaleSidesOp,
  outerOp,
  normalizeOp,
  inverseRootOp,
  rectifyOp,
  bendOp,
  supportOp,
  rootOp,
  perRootOp,
  fromDistanceOp,
  definedDistanceOp,
  scaledShareOp,
  shiftShareOp,
  affineDistanceOp,
  rectifierDistanceOp,
  carriedDistanceOp,
  carriedSlopeOp,
  ...sidedRectifierOps.values(),
  acuteDistanceOp,
  rectifierTermOp,
  ...Object.values(quadratureOps),
  ...duals.flatMap((dual) => Object.values(dualOps(dual))),
];

/** Every elementwise operation and its derivatives by name. A new one is a formula and a line here; no engine knows of it. */
export const elementwiseOps: ReadonlyMap<string, ElementwiseOp<Parameters>> = new Map(
  elementwise.flatMap(withTangents),
);

function withTangents(op: ElementwiseOp): (readonly [string, ElementwiseOp])[] {
  return [op, ...tangentOps(op)].map((each) => [each.name, each] as const);
}

/** Adds the operations of a user's function. Engines make their code where this is known: threads are sent what is made. */
export function registerDual(dual: AnyDual): void {
  const all = elementwiseOps as Map<string, ElementwiseOp>;
  for (const [name, op] of Object.values(dualOps(dual)).flatMap(withTangents)) all.set(name, op);
}

/** Every structural operation by name. Engines write tables of the same type, so a forgotten one does not compile. */
export const structuralOps: { readonly [Name in StructuralName]: StructuralOp } = {
  gram: gramOp,
  mix: mixOp,
  mixedGram: mixedGramOp,
  mixLine: mixLineOp,
  poolInputs: poolInputsOp,
  pooledGram: pooledGramOp,
  positionCovariance: positionCovarianceOp,
  presence: presenceOp,
  tokenMask: tokenMaskOp,
  softmaxRows: softmaxRowsOp,
  sparsemaxRows: sparsemaxRowsOp,
  activate: activateOp,
  dualSums: dualSumsOp,
  draws: drawsOp,
  meanSandwich: meanSandwichOp,
  meanJacobian: meanJacobianOp,
  rectifierSums: rectifierSumsOp,
  sandwich: sandwichOp,
  compose: composeOp,
  cross: crossOp,
  inner: innerOp,
  weigh: weighOp,
  bilinear: bilinearOp,
  sumPairs: sumPairsOp,
  sumDiagonal: sumDiagonalOp,
  takeDiagonal: takeDiagonalOp,
  scaleDiagonal: scaleDiagonalOp,
  onlyDiagonal: onlyDiagonalOp,
  convolve: convolveOp,
  windowSums: windowSumsOp,
  pickCenters: pickCentersOp,
  tapShares: tapSharesOp,
  mapPairs: mapPairsOp,
  mapLine: mapLineOp,
  aggregate: aggregateOp,
  end: endOp,
};

type Value = NonNullable<AnyDual["value"]>;
type Kinks = NonNullable<AnyDual["kinks"]>;

/**
 * Functions of a number, where their values are asked for: φ of every dual that says what it is, by the dual's name, and those
 * that have names of their own. Under that name and a prime it is φ', and with ∂ the change by parameters that have tangents.
 */
export const functions: ReadonlyMap<string, Value> = new Map([
  ...duals.flatMap(({ name, value, kinks }) => (value === undefined ? [] : withSlopes(name, value, kinks))),
  ...Object.entries(namedFunctions).flatMap(([name, { value, kinks }]) => withSlopes(name, value, () => kinks)),
]);

function withSlopes(name: string, value: Value, kinks: Kinks = () => []): (readonly [string, Value])[] {
  return [
    [name, value],
    [`${name}'`, (x, parameters) => slopeOf((at) => value(at, parameters), x, kinks(parameters))],
    [`${name}∂`, (x, parameters) => slopeOf((step) => value(x, movedParameters(parameters, step)), 0, [])],
  ];
}

/** Functions that are known to this thread alone. */
const ofUsers = new Set<string>();

/** Adds a user's function. It is code, so that threads cannot be sent it. */
export function registerFunction(name: string, value: (x: number) => number, kinks: readonly number[]): void {
  for (const [own, of] of withSlopes(name, value, () => kinks)) {
    ofUsers.add(own);
    (functions as Map<string, Value>).set(own, of);
  }
}

export function isUsersFunction(name: string): boolean {
  return ofUsers.has(name);
}
