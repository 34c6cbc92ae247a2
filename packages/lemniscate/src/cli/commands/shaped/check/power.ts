/** @module Which wrong limits the laws of networks of width 256 tell from the right one. */
import { type Coefficients, coefficients } from "../../../../shaped/coefficients.js";
import { type ShapedModel, shapedMlp } from "../../../../shaped/models/model.js";
import { simulate } from "../../../../shaped/simulate.js";
import type { Row } from "../row.js";
import { type CheckRun, distances, lastOf, models, relu, solveWith, start } from "./run.js";

type Wrong = (right: Coefficients) => Coefficients;

const noFirst: Wrong = (of) => ({ ...of, attention: { ...of.attention!, first: 0 } });
const noSecond: Wrong = (of) => ({ ...of, attention: { ...of.attention!, second: 0 } });
const noNoise: Wrong = (of) => ({ ...of, attention: { ...of.attention!, noise: 0 } });
const withLinear =
  (linear: (of: Coefficients) => number): Wrong =>
  (of) => ({ ...of, linear: linear(of) });
const noNu: Wrong = (of) => ({ ...of, mlp: undefined });
const right: Wrong = (of) => of;

const g = { attention: 0.45 ** 2, transformer: 0.35 ** 2 };
const cases: readonly (readonly [name: string, model: ShapedModel, networks: number, wrong: Record<string, Wrong>])[] =
  [
    [
      "attention",
      models.attention,
      40_000,
      {
        right,
        "no S1 drift": noFirst,
        "no S2 drift": noSecond,
        "no A in Σ": noNoise,
        "k_lin = γ²": withLinear(() => g.attention),
      },
    ],
    [
      "mlp",
      models.mlp,
      12_000,
      {
        right,
        "no ν": noNu,
        "c₋ = −1.5": () => coefficients(shapedMlp({ activation: relu(0, -1.5) }), 3),
      },
    ],
    [
      "transformer",
      models.transformer,
      12_000,
      {
        right,
        "no S1, S2 drift": (of) => noFirst(noSecond(of)),
        "no S2 drift": noSecond,
        "no ν": noNu,
        "no A": noNoise,
        // Of the MLP's two matrices one, γ² for 2γ².
        "Σ_mlp = γ² Λ": withLinear(({ linear }) => linear - g.transformer),
      },
    ],
  ];

export async function* power(check: CheckRun): AsyncGenerator<Row> {
  const { samples, seed, ...options } = check;
  for (const [name, model, networks, wrong] of cases) {
    const of = coefficients(model, start.length);
    const paths = samples(networks);
    const net = await lastOf(simulate(model, { start, width: 256, paths, seed: seed + 1, ...options }));
    for (const [formula, change] of Object.entries(wrong)) {
      const sde = await solveWith(change(of), samples(40_000), check);
      yield { model: name, formula, ...distances(net, sde) };
    }
  }
}
