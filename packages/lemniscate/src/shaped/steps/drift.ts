/** @module The drift of a covariance process: as it is, and as a step that keeps V positive semi-definite. */
import type { Coefficients } from "../coefficients.js";
import type { ActivationDrift } from "../models/activation.js";
import { attentionMoments } from "./attention.js";
import { across, type Steps, type Time, type Value } from "./steps.js";

/** b(V). */
export function drift(steps: Steps, v: Value, { attention, mlp }: Coefficients): Value {
  let sum = steps.symmetric((a) => a.constant(0), v);
  if (attention !== undefined) {
    const { first, second } = attention;
    const moments = attentionMoments(steps, v, attention.mask);
    sum = steps.symmetric(
      (a, x, f, mean) => a.fma(a.mul(a.constant(first), f!), x!, a.mul(a.constant(second), mean!)),
      v,
      moments.square,
      moments.mean(v),
    );
  }
  return mlp === undefined ? sum : steps.symmetric((a, x, y) => a.add(x!, y!), sum, mlpDrift(steps, v, mlp));
}

/** V + h b(V) for an MLP alone. */
export function mlpStep(steps: Steps, v: Value, mlp: NonNullable<Coefficients["mlp"]>, h: number): Value {
  return steps.symmetric((a, x, b) => a.fma(a.constant(h), b!, x!), v, mlpDrift(steps, v, mlp));
}

function mlpDrift(steps: Steps, v: Value, { strength, drift }: NonNullable<Coefficients["mlp"]>): Value {
  const d = steps.diagonal(v);
  return steps.symmetric(
    (a, x, p, q, apart) => {
      const additive = a.mul(drift.additive(a, x!, p!, q!), apart!);
      const rate = drift.rate;
      const all = rate === undefined ? additive : a.fma(x!, a.add(rate(a, p!), rate(a, q!)), additive);
      return a.mul(a.constant(strength), all);
    },
    v,
    d,
    across(d),
    steps.constant(additiveAt(steps.tokens, drift)),
  );
}

/** 1 where the additive part of the drift is not zero anyway. */
function additiveAt(m: number, { diagonal }: ActivationDrift): number[][] {
  return Array.from({ length: m }, (_, i) => Array.from({ length: m }, (_, j) => (i === j && !diagonal ? 0 : 1)));
}

/**
 * V after some time of drift, to second order. The coefficients are those of a state half way there; with these the drift is a
 * sum of parts whose flows are known and keep V positive semi-definite, and the flows are composed symmetrically.
 *
 * @param supplied - what of attention's first part a random congruence brings along by itself
 */
export function positiveDrift(steps: Steps, v: Value, of: Coefficients, time: Time, supplied: number): Value {
  const halfWay = flows(steps, v, of, time, supplied).reduce((x, flow) => flow(x, 1 / 2), v);
  const [first, ...others] = flows(steps, halfWay, of, time, supplied).reverse();
  if (first === undefined) return v;
  const before = others.reduceRight((x, flow) => flow(x, 1 / 2), v);
  return others.reduce((x, flow) => flow(x, 1 / 2), first(before, 1));
}

/** Moves a covariance on by a share of the time. */
type Flow = (v: Value, share: number) => Value;

/** The flow of each part of the drift with the coefficients of the state `at`. */
function flows(steps: Steps, at: Value, { attention, mlp }: Coefficients, time: Time, supplied: number): Flow[] {
  const all: Flow[] = [];
  if (mlp !== undefined) {
    const { strength } = mlp;
    const { additive, rate } = mlp.drift;
    const d = steps.diagonal(at);
    all.push((v, share) =>
      steps.symmetric(
        (a, x, y, p, q, apart, size) => a.fma(a.mul(size!, apart!), additive(a, y!, p!, q!), x!),
        v,
        at,
        d,
        across(d),
        steps.constant(additiveAt(steps.tokens, mlp.drift)),
        time((t) => strength * share * t),
      ),
    );
    if (rate !== undefined)
      all.push((v, share) => {
        const scale = steps.entrywise(
          (a, p, size) => a.exp(a.mul(size!, rate(a, p!))),
          d,
          time((t) => strength * share * t),
        );
        return steps.symmetric((a, x, i, j) => a.mul(a.mul(i!, j!), x!), v, scale, across(scale));
      });
  }
  if (attention !== undefined) {
    const moments = attentionMoments(steps, at, attention.mask);
    const rate = attention.first - supplied;
    if (rate > 0)
      all.push((v, share) => {
        const growth = steps.symmetric(
          (a, f, size) => a.exp(a.mul(size!, f!)),
          moments.square,
          time((t) => rate * share * t),
        );
        return steps.symmetric((a, x, factor) => a.mul(factor!, x!), v, growth);
      });
    all.push((v, share) =>
      moments.bent(
        v,
        time((t) => attention.second * share * t),
      ),
    );
  }
  return all;
}
