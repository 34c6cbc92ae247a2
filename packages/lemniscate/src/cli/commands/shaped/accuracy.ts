/** @module `lemniscate shaped accuracy`: what each scheme gets wrong at each step, in means. */
import type { Command } from "commander";
import {
  linearMlp,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedTransformer,
} from "../../../shaped/models/model.js";
import type { Snapshot } from "../../../shaped/paths.js";
import { type Scheme, solveSde } from "../../../shaped/solve.js";
import type { Covariance } from "../../../shaped/start.js";
import { correlation, covariance } from "../../../shaped/statistics/observables.js";
import { type Estimate, mean } from "../../../shaped/statistics/summary.js";
import { interruptible } from "../../interrupt.js";
import { wholeNumber } from "../../options.js";
import { checkOut, readModel, type ShapedFlags, shapedProgress, withShaped } from "./input.js";
import { Rows } from "./rows.js";

interface Flags extends ShapedFlags {
  readonly paths: number;
}

export function accuracyCommand(shaped: Command): void {
  const command = shaped
    .command("accuracy")
    .description("Measure the weak errors of the schemes at t = 1: means less those of 48 split steps.")
    .argument("[model]", "model of three or more tokens, in YAML or JSON (default: one of each kind)")
    .option("--paths <n>", "number of paths of each run", wholeNumber, 20_000);
  withShaped(command)
    .addHelpText(
      "after",
      "\nLogarithms are those of V00 clipped to [1e-12, 1e4]. Errors in brackets are standard errors.\n\nExample:\n  $ lemniscate shaped accuracy model.yaml --paths 100000",
    )
    .action(run);
}

const start: Covariance = [
  [1, 0.2, 0.5],
  [0.2, 1.3, -0.3],
  [0.5, -0.3, 0.8],
];
const examples: Readonly<Record<string, ShapedModel>> = {
  linear: linearMlp(),
  mlp: shapedMlp({ activation: { type: "shaped-relu", plus: 0, minus: -2 } }),
  attention: shapedAttention({ gamma: 0.45, temperature: 0.9 }),
  transformer: shapedTransformer({
    attention: { gamma: 0.35, temperature: 0.7 },
    mlp: { gamma: 0.35, activation: { type: "shaped-relu", plus: 1, minus: -1 } },
  }),
};

/** Numbers of steps to t = 1. */
const runs: readonly (readonly [Scheme, readonly number[]])[] = [
  ["euler", [8, 32]],
  ["gram", [8, 16, 32]],
  ["split", [1, 2, 4, 8]],
];

/** What is averaged. */
const statistics: Readonly<Record<string, (snapshot: Snapshot) => Float64Array>> = {
  "ln V00": (s) =>
    covariance(0, 0)
      .of(s)
      .map((v) => Math.log(Math.max(1e-12, Math.min(1e4, v)))),
  rho01: (s) => correlation(0, 1).of(s),
  "rho01²": (s) =>
    correlation(0, 1)
      .of(s)
      .map((rho) => rho ** 2),
  rho12: (s) => correlation(1, 2).of(s),
};

async function run(file: string | undefined, flags: Flags): Promise<void> {
  checkOut(flags);
  const given = file === undefined ? undefined : readModel(file, flags);
  const rows = new Rows(flags, { command: "accuracy", ...given });
  let unit = 0;
  const models = given === undefined ? examples : { [given.model.type]: given.model };
  await interruptible(async (signal) => {
    for (const [name, model] of Object.entries(models)) {
      const progress = shapedProgress(name, flags);
      const means = async (scheme: Scheme, steps: number, seed: number): Promise<Record<string, Estimate>> => {
        const { paths, engine, threads } = flags;
        const options = {
          start: given?.start ?? start,
          paths,
          engine,
          threads,
          scheme,
          step: 1 / steps,
          seed,
          signal,
          mergeDrift: false, // of 48 steps as well, which are what the others are measured by
        };
        const all = await solveSde(model, {
          ...options,
          onProgress: (done, total) => progress.update(done, total),
        }).next();
        progress.end();
        return Object.fromEntries(
          Object.entries(statistics).map(([of, values]) => [of, mean(values(all.value as Snapshot))]),
        );
      };
      const fine = await means("split", 48, flags.seed);
      let seed = flags.seed;
      for (const [scheme, all] of runs)
        for (const steps of all) {
          seed++;
          if (unit++ < rows.units) continue;
          const coarse = await means(scheme, steps, seed);
          const errors = Object.entries(coarse).map(([of, { value, error }]) => [
            of,
            { value: value - fine[of]!.value, error: Math.hypot(error, fine[of]!.error) },
          ]);
          rows.write({ model: name, scheme, steps, ...(Object.fromEntries(errors) as Record<string, Estimate>) });
          rows.finish();
        }
    }
  }, rows.kept);
  rows.end();
}
