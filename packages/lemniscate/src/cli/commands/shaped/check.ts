/** @module `lemniscate shaped check`: the tables that say whether limit, networks and formulas agree. */
import { Argument, type Command, Option } from "commander";
import { interruptible } from "../../interrupt.js";
import { finiteNumber, seedNumber } from "../../options.js";
import { corrected } from "./check/corrected.js";
import { distribution } from "./check/distribution.js";
import { facts } from "./check/facts.js";
import { local } from "./check/local.js";
import { power } from "./check/power.js";
import type { CheckRun, Table } from "./check/run.js";
import { stopping } from "./check/stopping.js";
import { surrogate } from "./check/surrogate.js";
import { weights } from "./check/weights.js";
import { checkOut, type ShapedFlags, shapedProgress, withRows } from "./input.js";
import { Rows } from "./rows.js";

interface Flags extends Pick<ShapedFlags, "seed" | "engine" | "json" | "out" | "progress" | "quiet"> {
  readonly share: number;
}

const tables: Readonly<Record<string, Table>> = {
  local,
  distribution,
  power,
  corrected,
  facts,
  weights,
  surrogate,
  stopping,
};

export function checkCommand(shaped: Command): void {
  const command = shaped
    .command("check")
    .description("Print a table that says whether the limit, networks and formulas agree, wrong ones among them.")
    .addArgument(new Argument("<table>", "which one").choices(Object.keys(tables)))
    .option("--share <part>", "of the samples that the full table takes, as in 0.1", finiteNumber, 1)
    .option("--seed <n>", "the same seed gives the same numbers", seedNumber, 0)
    .addOption(new Option("--engine <name>", "what computes (default: wasm)").choices(["reference", "wasm"]))
    .option("--out <file>", "append the rows to a file as they are ready, one JSON object a line");
  withRows(command)
    .addHelpText(
      "after",
      `
local         one layer against drift and diffusion, in standard errors; wrong formulas are far off
distribution  networks of widths 16, 64, 256 against the limit: distances of laws, means, variances
power         networks of width 256 against wrong limits
corrected     the drift of ReLUs corrected for the width, and not
facts         what is known exactly: log-normal laws, an SDE of one correlation, heads, rank collapse
weights       covariances drawn from their law against networks with all weights
surrogate     hidden layers from a Wishart law against exact ones
stopping      which paths explode, and when

Columns called p are how often equal laws give as large a distance.

Example:
  $ lemniscate shaped check local --share 0.1`,
    )
    .action(run);
}

async function run(table: string, flags: Flags): Promise<void> {
  checkOut(flags);
  const rows = new Rows(flags);
  const progress = shapedProgress(table, flags);
  try {
    await interruptible(async (signal) => {
      const check: CheckRun = {
        seed: flags.seed,
        engine: flags.engine,
        signal,
        onProgress: progress.update,
        samples: (full) => Math.max(100, Math.round(full * flags.share)),
      };
      for await (const row of tables[table]!(check)) {
        progress.end();
        rows.write(row);
      }
    }, "the rows until then are kept");
  } finally {
    progress.end();
  }
}
