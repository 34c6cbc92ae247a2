/** @module A step that looks like a layer of a network of width 1/h, its softmax linear: always positive semi-definite. */
import type { Coefficients } from "../coefficients.js";
import { lambdaOf, type Residual, type ShapedModel } from "../models/model.js";
import { attentionMoments, centredRows } from "../steps/attention.js";
import { mlpStep } from "../steps/drift.js";
import { type StepProgram, Steps, type Value } from "../steps/steps.js";
import { residual, wishart } from "../steps/wishart.js";

/** Of first weak order. Needs 1/h > 2m − 1, or > m − 1 without residuals. */
export function gramStep(tokens: number, of: Coefficients, h: number, model: ShapedModel): StepProgram {
  const steps = new Steps(tokens);
  const add = (x: Value, k: Value, part: Residual): Value => residual(steps, x, k, lambdaOf(part), part.gamma, 1 / h);
  const hidden = (x: Value): Value => wishart(steps, mlpStep(steps, x, { ...of.mlp!, strength: 1 }, h), 1 / h);
  let v = steps.state();
  if (model.type === "attention" || model.type === "transformer") {
    const part = model.type === "attention" ? model : model.attention;
    const k = attended(steps, v, of.attention!, h, part.gamma);
    v = add(v, part.outputProjection ? wishart(steps, k, 1 / h) : k, part);
  }
  if (model.type === "linear") v = hasGamma(model) ? add(v, v, model) : wishart(steps, v, 1 / h);
  if (model.type === "mlp") v = hasGamma(model) ? add(v, hidden(v), model) : hidden(v);
  if (model.type === "transformer") v = add(v, hidden(v), model.mlp);
  return steps.program(v);
}

function hasGamma<M extends { readonly gamma?: number | undefined }>(model: M): model is M & Residual {
  return model.gamma !== undefined;
}

/** A V Aᵀ with A = I + √h A₁ + h E[A₂], and the part of the mean that one head's noise has and many heads' lacks. */
function attended(
  steps: Steps,
  v: Value,
  { noise, first, second, mask }: NonNullable<Coefficients["attention"]>,
  h: number,
  gamma: number,
): Value {
  const g = gamma ** 2;
  if (g === 0) return v;
  const l = steps.cholesky(v);
  const logits = steps.productTransposed(steps.product(l, steps.normals(steps.tokens, steps.tokens)), l);
  const size = Math.sqrt(noise * h) / g;
  const moments = attentionMoments(steps, v, mask);
  const weights = steps.entrywise(
    (a, x, one, two) => a.fma(a.constant((h * second) / g), two!, a.fma(a.constant(size), x!, one!)),
    centredRows(steps, logits, mask),
    steps.identity(),
    moments.second,
  );
  const mean = h * (first / g - noise / g ** 2);
  return steps.symmetric(
    (a, x, f, y) => a.fma(a.mul(a.constant(mean), f!), y!, x!),
    steps.gram(steps.product(weights, l)),
    moments.square,
    v,
  );
}
