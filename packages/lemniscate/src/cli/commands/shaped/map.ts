/** @module `lemniscate shaped map`: what becomes of tokens over ranges of γ and τ₀. */
import type { Command } from "commander";
import { type AttentionPart, type ShapedModel, shapedModel } from "../../../shaped/models/model.js";
import { moving } from "../../../shaped/paths.js";
import { solveSde } from "../../../shaped/solve.js";
import { mean } from "../../../shaped/statistics/summary.js";
import { interruptible } from "../../interrupt.js";
import { Misuse } from "../../misuse.js";
import { wholeNumber } from "../../options.js";
import { checkOut, checkTokens, list, readModel, type ShapedFlags, shapedProgress, withShaped } from "./input.js";
import type { Cell } from "./row.js";
import { Rows } from "./rows.js";

interface Flags extends ShapedFlags {
  readonly gammas: readonly number[];
  readonly temperatures: readonly number[];
  readonly paths: number;
}

export function mapCommand(shaped: Command): void {
  const command = shaped
    .command("map")
    .description("Say for ranges of γ and τ₀ which paths explode and when, and what is left of rank and correlation.")
    .argument("<model>", "model with attention, in YAML or JSON")
    .option("--gammas <list>", "values of γ, of attention and MLP alike", list, [0.25, 0.35, 0.5, 0.7])
    .option("--temperatures <list>", "values of τ₀", list, [0.5, 0.7, 1, 2])
    .option("--paths <n>", "number of paths of each", wholeNumber, 4000);
  withShaped(command)
    .addHelpText("after", "\nExample:\n  $ lemniscate shaped map model.yaml --gammas 0.25,0.5 --temperatures 0.5,1,2")
    .action(run);
}

async function run(file: string, flags: Flags): Promise<void> {
  checkOut(flags);
  const { model, start } = readModel(file, flags);
  checkTokens(flags, start.length);
  const rows = new Rows(flags, { command: "map", model, start });
  const { paths, seed, engine, threads, end } = flags;
  const progress = shapedProgress("map", flags);
  const all = flags.gammas.flatMap((gamma) => flags.temperatures.map((temperature) => ({ gamma, temperature })));
  try {
    await interruptible(async (signal) => {
      for (const [done, { gamma, temperature }] of all.entries()) {
        if (done < rows.units) continue;
        const onProgress = (steps: number, total: number): void =>
          progress.update(done * total + steps, all.length * total);
        const options = { start, paths, seed, engine, threads, end, signal, onProgress };
        for await (const snapshot of solveSde(withStrength(model, gamma, temperature), options)) {
          const stopped = snapshot.stoppedAt.map((t) => Math.min(t, end));
          const cells = flags.observe.map((observable): [string, Cell] => [
            observable.name,
            mean(moving(observable.of(snapshot), snapshot)),
          ]);
          progress.end();
          rows.write({
            gamma,
            temperature,
            exploded: snapshot.frozen,
            stopping: mean(stopped),
            ...Object.fromEntries(cells),
          });
          rows.finish();
        }
      }
    }, rows.kept);
    rows.end();
  } finally {
    progress.end();
  }
}

/** The model with another γ everywhere and another τ₀. */
function withStrength(model: ShapedModel, gamma: number, temperature: number): ShapedModel {
  const attention = <P extends AttentionPart>(part: P): object => ({ ...part, gamma, temperature, lambda: undefined });
  if (model.type === "attention") return shapedModel(attention(model));
  if (model.type === "transformer")
    return shapedModel({
      ...model,
      attention: attention(model.attention),
      mlp: { ...model.mlp, gamma, lambda: undefined },
    });
  throw new Misuse({
    code: "OptionOutOfRange",
    where: "model: type",
    given: JSON.stringify(model.type),
    allowed: '"attention" or "transformer"',
    mend: "Only attention has a temperature.",
  });
}
