/** @module `lemniscate shaped train`: shaped and unshaped transformers of several depths, really trained. */
import { existsSync, readFileSync, truncateSync } from "node:fs";
import path from "node:path";
import { type Command, Option } from "commander";
import { type ShapedModel, shapedTransformer, unshapedTransformer } from "../../../shaped/models/model.js";
import { type OptimizerName, optimizers } from "../../../shaped/training/optimizer.js";
import { type TextTask, type TrainingReport, trainClassifier } from "../../../shaped/training/train.js";
import { interruptible } from "../../interrupt.js";
import { seedNumber, wholeNumber } from "../../options.js";
import { checkOut, list, readModel, type ShapedFlags, shapedProgress, wholeNumbers, withRows } from "./input.js";
import { trecTask } from "./questions.js";
import type { Row } from "./row.js";
import { Rows } from "./rows.js";

interface Flags extends Pick<ShapedFlags, "json" | "out" | "progress" | "quiet"> {
  readonly data: string;
  readonly embeddings?: string;
  readonly maxTokens: number;
  readonly depths: readonly number[];
  readonly seeds: number;
  readonly seed: number;
  readonly width: number;
  readonly steps: number;
  readonly every?: number;
  readonly learningRates: readonly number[];
  readonly optimizer: OptimizerName;
  readonly batchSize: number;
}

export function trainCommand(shaped: Command): void {
  const command = shaped
    .command("train")
    .description("Train shaped and unshaped transformers of several depths on questions of TREC, and watch their loss.")
    .argument("[models...]", "models, in YAML or JSON (default: a shaped one, and unshaped ones of three kinds)")
    .requiredOption("--data <folder>", "folder with TREC.train and TREC.test")
    .option("--embeddings <file>", "vectors of words, as GloVe has them (default: learnt)")
    .option("--max-tokens <n>", "longer questions are cut", wholeNumber, 10)
    .option("--depths <list>", "numbers of layers, as in 4,16,48", wholeNumbers, [4, 16, 48])
    .option("--seeds <n>", "networks of each kind", wholeNumber, 3)
    .option("--seed <n>", "of the first network; the others follow", seedNumber, 0)
    .option("--width <n>", "width of the networks", wholeNumber, 32)
    .option("--steps <n>", "steps of training", wholeNumber, 300)
    .option("--every <n>", "steps from one row to the next (default: a tenth of all)", wholeNumber)
    .option("--learning-rates <list>", "learning rates, each tried for itself", list, [0.01])
    .addOption(
      new Option("--optimizer <name>", "gradient descent with momentum, or Adam")
        .choices(Object.keys(optimizers))
        .default("adam" satisfies OptimizerName),
    )
    .option("--batch-size <n>", "questions of a step", wholeNumber, 16)
    .option(
      "--out <file>",
      "append the rows to a file, one JSON object a line; what is there already is not done again",
    );
  withRows(command)
    .addHelpText(
      "after",
      "\nLosses are − log p of the right class; a loss of Infinity (null in JSON) is training that has diverged. Cosines are those\nof the tokens of one question behind the last layer: 1 where the rank has collapsed.\n\nExample:\n  $ lemniscate shaped train --data trec --depths 4,16,48 --seeds 3 --out runs.jsonl",
    )
    .action(run);
}

/** Kinds of networks that are alike in all but what is told apart. */
export const examples: Readonly<Record<string, ShapedModel>> = (() => {
  const attention = { keyWidth: 16 };
  const unshaped = { attention: { ...attention, strength: 1 }, mlp: { strength: 1 } };
  return {
    shaped: shapedTransformer({
      attention: { ...attention, gamma: 0.35 },
      mlp: { gamma: 0.35, activation: { type: "shaped-relu", plus: 0, minus: -1 } },
    }),
    "residual/√depth": unshapedTransformer({ ...unshaped, scaling: "depth" }),
    residual: unshapedTransformer(unshaped),
    "no residual": unshapedTransformer({ ...unshaped, residual: false }),
  };
})();

async function run(files: readonly string[], flags: Flags): Promise<void> {
  checkOut(flags);
  const models =
    files.length === 0
      ? examples
      : Object.fromEntries(
          files.map((file) => [path.parse(file).name, readModel(file, { tokens: flags.maxTokens, rho: 0 }).model]),
        );
  const rows = new Rows(flags);
  const done = finished(flags);
  await interruptible(async (signal) => {
    const task = await trecTask(flags);
    for (const depth of flags.depths)
      for (let seed = flags.seed; seed < flags.seed + flags.seeds; seed++)
        for (const [model, data] of Object.entries(models))
          for (const rate of flags.learningRates) {
            const { width, optimizer, batchSize: batch, steps } = flags;
            const kind = { model, depth, width, seed, optimizer, batch, rate, steps };
            if (done.has(keyOf({ ...kind, step: steps }))) continue;
            for await (const report of follow(data, task, kind, flags, signal)) {
              const row: Row = { ...kind, ...report };
              if (!done.has(keyOf(row))) rows.write(row);
            }
          }
  }, "the rows until then are kept");
}

interface Kind {
  readonly model: string;
  readonly depth: number;
  readonly seed: number;
  readonly rate: number;
}

/** Trains one network. */
async function* follow(
  model: ShapedModel,
  task: TextTask,
  { model: name, depth, seed, rate }: Kind,
  flags: Flags,
  signal: AbortSignal,
): AsyncGenerator<TrainingReport> {
  const progress = shapedProgress(`${name}, depth ${depth}, seed ${seed}`, flags);
  const { width, steps, every, optimizer, batchSize } = flags;
  const options = { width, depth, steps, every, optimizer, batchSize, seed, learningRate: rate };
  try {
    for await (const report of trainClassifier(model, task, { ...options, signal, onProgress: progress.update })) {
      progress.end();
      yield report;
    }
  } finally {
    progress.end();
  }
}

/** What says which network a row is of, and at which step. */
function keyOf({ model, depth, width, seed, optimizer, batch, rate, steps, step }: Row): string {
  return JSON.stringify([model, depth, width, seed, optimizer, batch, rate, steps, step]);
}

/** The rows that a file has; a network that has diverged is at its end. */
function finished({ out }: Flags): Set<string> {
  const keys = new Set<string>();
  if (out === undefined || !existsSync(out)) return keys;
  const text = readFileSync(out, "utf8");
  // A run that was killed may have left half a line.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) truncateSync(out, Buffer.byteLength(whole));
  for (const line of whole.split("\n").slice(0, -1)) {
    const row = JSON.parse(line) as Row;
    keys.add(keyOf(row));
    if (row["loss"] === null) keys.add(keyOf({ ...row, step: row["steps"]! }));
  }
  return keys;
}
