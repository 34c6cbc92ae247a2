/** @module How fine a step must be, and means at a step of zero. */
import type { ShapedModel } from "./models/model.js";
import { mergesDrift } from "./schemes/split.js";
import { type SdeOptions, solveSde } from "./solve.js";
import type { Observable } from "./statistics/observables.js";
import { type Estimate, mean } from "./statistics/summary.js";

/** A step that suits a model, and why. */
export interface GuidedStep {
  readonly step: number;
  /** Share of a small number of paths that was stopped by the end, with that step. */
  readonly frozen: number;
}

/**
 * A step from the share of paths that explode: 1/32, halved once where more than a hundredth of them do, and once more with
 * every fourfold of it, down to 1/256. Exploding paths are what coarse steps get wrong.
 */
export async function guidedStep(model: ShapedModel, options: SdeOptions): Promise<GuidedStep> {
  let step = 1 / 32;
  for (let most = 0.01; ; most *= 4) {
    const { end = 1 } = options;
    const run = solveSde(model, { ...options, paths: 1000, step, times: [Math.round(end / step) * step] });
    const { value } = await run.next();
    const { frozen } = value as { frozen: number };
    if (frozen <= most || step <= 1 / 256) return { step, frozen };
    step /= 2;
  }
}

/** A mean at one time, extrapolated to a step of zero. */
export interface ExtrapolatedMean extends Estimate {
  readonly t: number;
  readonly observable: string;
  /** The means with the step itself and with half of it. */
  readonly coarse: Estimate;
  readonly fine: Estimate;
}

/**
 * Means from a step h and from h/2 by Richardson's extrapolation: 2 E_{h/2} − E_h, or (4 E_{h/2} − E_h)/3 for the split
 * scheme without attention's noise, which is of second order. The two are independent, so their errors add up.
 */
export async function richardson(
  model: ShapedModel,
  observables: readonly Observable[],
  options: SdeOptions,
): Promise<ExtrapolatedMean[]> {
  const { step = 1 / 32, seed = 0, scheme = "split", end = 1, times = [end] } = options;
  const attention = model.type === "attention" || model.type === "transformer";
  const order = scheme === "split" && !attention ? 2 : 1;
  const weight = 1 / (2 ** order - 1);
  // Both of one form: the errors of merged drift and of halves have different constants.
  const mergeDrift = options.mergeDrift ?? mergesDrift(step);
  const [coarse, fine] = [
    solveSde(model, { ...options, times, mergeDrift }),
    solveSde(model, { ...options, times, mergeDrift, step: step / 2, seed: seed + 1 }),
  ];
  const rows: ExtrapolatedMean[] = [];
  for await (const a of coarse) {
    const b = (await fine.next()).value!;
    for (const observable of observables) {
      const [x, y] = [mean(observable.of(a)), mean(observable.of(b))];
      const value = (1 + weight) * y.value - weight * x.value;
      const error = Math.hypot((1 + weight) * y.error, weight * x.error);
      rows.push({ t: a.t, observable: observable.name, value, error, coarse: x, fine: y });
    }
  }
  return rows;
}
