/** @module `lemniscate shaped sde` and `lemniscate shaped simulate`: paths of the limit, and of networks. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { guidedStep } from "../../../shaped/accuracy.js";
import type { ShapedModel } from "../../../shaped/models/model.js";
import { moving, type PathState, type Snapshot } from "../../../shaped/paths.js";
import { type NetworkOptions, simulate } from "../../../shaped/simulate.js";
import { type Scheme, type SdeOptions, schemes, solveSde } from "../../../shaped/solve.js";
import type { Covariance } from "../../../shaped/start.js";
import { mean, quantiles } from "../../../shaped/statistics/summary.js";
import { interruptible } from "../../interrupt.js";
import { finiteNumber, wholeNumber } from "../../options.js";
import { checkOut, checkTokens, readModel, type ShapedFlags, shapedProgress, timesOf, withShaped } from "./input.js";
import { Rows } from "./rows.js";

interface SdeFlags extends ShapedFlags {
  readonly step?: number | "guided";
  readonly scheme: Scheme;
  readonly limit: NonNullable<SdeOptions["limit"]>;
  readonly manyHeads?: boolean;
  readonly correctedFor?: number;
}

export function sdeCommand(shaped: Command): void {
  const command = shaped
    .command("sde")
    .description("Follow the covariance SDE of a shaped model: what infinitely deep and wide networks do.")
    .argument("<model>", "model, in YAML or JSON")
    .option("--paths <n>", "number of paths", wholeNumber, 10_000)
    .option("--step <h>", "step of the scheme, or guided: finer where paths explode (default: 1/32)", step)
    .addOption(
      new Option("--scheme <name>", "how a step is made")
        .choices(Object.keys(schemes))
        .default("split" satisfies Scheme),
    )
    .addOption(
      new Option("--limit <name>", "depth and width together, or the width first")
        .choices(["proportional", "width-first"])
        .default("proportional"),
    )
    .option("--many-heads", "infinitely many heads, without the noise of attention")
    .option("--corrected-for <n>", "the drift of ReLUs at this width", wholeNumber);
  withShaped(command)
    .addHelpText(
      "after",
      "\nMeans are over the paths that have not been stopped, quantiles over all.\n\nExample:\n  $ lemniscate shaped sde model.yaml --paths 100000 --observe V00,rho01,rank",
    )
    .action(async (file: string, flags: SdeFlags) => {
      const { model, start } = readModel(file, flags);
      const { paths, seed, scheme, limit, manyHeads, correctedFor: width, engine, threads, end } = flags;
      const options = { start, paths, seed, scheme, limit, manyHeads, width, engine, threads, end };
      await follow(
        { command: "sde", model, start },
        flags,
        async (run) => {
          const guided =
            flags.step === "guided" ? (await guidedStep(model, { ...options, signal: run.signal })).step : flags.step;
          return solveSde(model, { ...options, ...run, step: guided as number | undefined, times: timesOf(flags) });
        },
        "paths",
      );
    });
}

interface SimulateFlags extends ShapedFlags {
  readonly width: number;
  readonly depth?: number;
  readonly by: NonNullable<NetworkOptions["by"]>;
  readonly hidden: NonNullable<NetworkOptions["hidden"]>;
}

export function simulateCommand(shaped: Command): void {
  const command = shaped
    .command("simulate")
    .description("Follow the covariance of tokens through random networks of a width.")
    .argument("<model>", "model, in YAML or JSON")
    .requiredOption("--width <n>", "width of the networks", wholeNumber)
    .option("--depth <layers>", "number of layers, instead of --end", wholeNumber)
    .option("--paths <n>", "number of networks", wholeNumber, 1000)
    .addOption(
      new Option("--by <what>", "draw covariances from their law, or all weights")
        .choices(["covariance", "weights"])
        .default("covariance"),
    )
    .addOption(
      new Option("--hidden <how>", "draw hidden layers neuron by neuron, or from a law of the same mean")
        .choices(["exact", "surrogate"])
        .default("exact"),
    );
  withShaped(command)
    .addHelpText("after", "\nExample:\n  $ lemniscate shaped simulate model.yaml --width 256 --paths 2000")
    .action(async (file: string, flags: SimulateFlags) => {
      const { model, start } = readModel(file, flags);
      const { paths, seed, engine, threads, width, depth, by, hidden } = flags;
      const end = depth === undefined ? flags.end : depth / width;
      // Quarters of few layers may be the same layer.
      const quarters = timesOf({ end }).filter(
        (t, i, all) => Math.round(t * width) !== Math.round((all[i - 1] ?? -1) * width),
      );
      const times = flags.times ?? quarters;
      const options = { start, paths, seed, engine, threads, width, depth, by, hidden, end, times };
      await follow(
        { command: "simulate", model, start },
        flags,
        async (run) => simulate(model, { ...options, ...run }),
        "networks",
      );
    });
}

type Run = Pick<SdeOptions, "signal" | "onProgress" | "onState" | "resume">;

/** Prints a row for each observable of each snapshot. */
async function follow(
  what: { readonly command: string; readonly model: ShapedModel; readonly start: Covariance },
  flags: ShapedFlags,
  start: (run: Run) => Promise<AsyncIterable<Snapshot>>,
  phase: string,
): Promise<void> {
  checkOut(flags);
  checkTokens(flags, what.start.length);
  const rows = new Rows(flags, what);
  let state: PathState | undefined;
  const progress = shapedProgress(phase, flags);
  try {
    await interruptible(async (signal) => {
      const onProgress = (done: number, total: number): void => progress.update(done, total);
      const onState = (now: PathState): void => {
        state = now;
      };
      let left = rows.state === undefined ? rows.units : 0;
      for await (const snapshot of await start({ signal, onProgress, onState, resume: rows.state })) {
        progress.end();
        // Where paths could not be kept they are made again, and their rows are there.
        if (left-- > 0) continue;
        for (const observable of flags.observe) {
          const x = observable.of(snapshot);
          const [q05, q50, q95] = quantiles(x, [0.05, 0.5, 0.95]).map(({ value }) => value) as [number, number, number];
          const row = { t: snapshot.t, observable: observable.name, mean: mean(moving(x, snapshot)), q05, q50, q95 };
          rows.write({ ...row, frozen: snapshot.frozen });
        }
        rows.finish(state);
      }
    }, rows.kept);
    rows.end();
  } finally {
    progress.end();
  }
}

function step(text: string): number | "guided" {
  if (text === "guided") return text;
  const [, one, many] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const value = one === undefined ? finiteNumber(text) : Number(one) / Number(many);
  if (!(value > 0)) throw new InvalidArgumentError("Allowed are numbers above 0, such as 1/32, and guided.");
  return value;
}
