/** @module `lemniscate reproduce`: figures of the papers, made again as rows and as pictures. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Command, Option } from "commander";
import { Finished } from "../finished.js";
import { interruptible } from "../interrupt.js";
import { Misuse } from "../misuse.js";
import { seedNumber, wholeNumber, withProgress } from "../options.js";
import { type ProgressStyle, progressOf } from "../progress.js";
import { checkLibrary, draw } from "../reproduce/draw.js";
import type { Figure, Row } from "../reproduce/figure.js";
import { figures } from "../reproduce/figures.js";
import { alignedTable } from "../table.js";

interface Flags {
  readonly list?: boolean;
  readonly out: string;
  readonly paths?: number;
  readonly seed: number;
  readonly threads?: number;
  readonly data?: string;
  readonly embeddings?: string;
  readonly format: "csv" | "jsonl";
  readonly svg: boolean;
  readonly progress: ProgressStyle;
  readonly quiet?: boolean;
}

export function reproduceCommand(program: Command): void {
  const command = program
    .command("reproduce")
    .description("Make a figure again: its data as rows, and a picture of them.")
    .argument("[figures...]", "names of figures, or of all that begin so, as in shaped")
    .option("--list", "print the names of all figures")
    .option("--out <folder>", "where the files go; it is made if it is not there", "figures")
    .option("--paths <n>", "paths, or networks, of each sample (default: as suits a laptop)", wholeNumber)
    .option("--seed <n>", "the same seed gives the same figure", seedNumber, 0)
    .option("--threads <n>", "threads that compute (default: one per core)", wholeNumber)
    .option("--data <folder>", "data of figures that need some: TREC.train and TREC.test")
    .option("--embeddings <file>", "vectors of words for these, as GloVe has them (default: learnt)")
    .addOption(new Option("--format <name>", "of rows").choices(["csv", "jsonl"]).default("csv"))
    .option("--no-svg", "rows alone, without a picture");
  withProgress(command, "errors")
    .addHelpText(
      "after",
      `
Pieces of a figure are kept in the folder as they are ready: after an interruption the same command goes on.
Pictures are drawn by @observablehq/plot with linkedom, which are installed by whoever wants them.

Example:
  $ lemniscate reproduce shaped/densities --out figures --paths 100000`,
    )
    .action(run);
}

async function run(names: readonly string[], flags: Flags): Promise<void> {
  if (flags.list === true) {
    console.log(alignedTable(figures.map(({ name, about }) => [name, about])));
    return;
  }
  const chosen = names.flatMap((name) => named(name, flags));
  if (names.length === 0)
    throw new Misuse({
      code: "OptionOutOfRange",
      where: "figures",
      given: "no name",
      allowed: figures.map(({ name }) => name).join(", "),
      mend: "Name some of them; --list says what they show.",
    });
  if (flags.svg) await checkLibrary();
  for (const figure of chosen) await reproduce(figure, flags);
}

/** Figures of that name, or below it: of these, such as need no data that is not there. */
function named(name: string, { data }: Flags): readonly Figure[] {
  const one = figures.find((figure) => figure.name === name);
  if (one?.data !== undefined && data === undefined)
    throw new Misuse({
      code: "OptionOutOfRange",
      where: "--data",
      given: `nothing for ${name}`,
      allowed: `a folder with ${one.data}`,
      mend: "Name the folder.",
    });
  const below = figures.filter((figure) => figure.name.startsWith(`${name}/`));
  const found = one === undefined ? below.filter((figure) => figure.data === undefined || data !== undefined) : [one];
  if (found.length > 0) return found;
  throw new Misuse({
    code: "OptionOutOfRange",
    where: "figures",
    given: JSON.stringify(name),
    allowed: figures.map((figure) => figure.name).join(", "),
    mend: "Check the spelling; --list says what they show.",
  });
}

async function reproduce(figure: Figure, { out, seed, threads, format, ...flags }: Flags): Promise<void> {
  const file = path.join(out, figure.name);
  mkdirSync(path.dirname(file), { recursive: true });
  const paths = flags.paths ?? figure.paths ?? 1;
  const partial = `${file}.partial.jsonl`;
  const { data, embeddings } = flags;
  const files = figure.data === undefined ? undefined : { data: data!, embeddings };
  const settings = {
    command: "reproduce",
    figure: figure.name,
    paths,
    seed,
    ...(files && { embeddings: embeddings ?? "learnt" }),
  };
  const finished = new Finished<readonly Row[]>("--out", partial, settings);
  const progress = progressOf(
    figure.name,
    flags.quiet === true ? "none" : flags.progress,
    process.stderr,
    Date.now,
    null,
  );
  try {
    await interruptible(async (signal) => {
      for (const [at, piece] of figure.pieces.entries()) {
        if (finished.get(piece.name) !== undefined) continue;
        const onProgress = (done: number, total: number): void =>
          progress.update(at + done / Math.max(total, 1), figure.pieces.length);
        finished.add(piece.name, await piece.rows({ paths, seed, threads, signal, onProgress, data: files }));
        signal.throwIfAborted();
      }
    }, `${partial} has the pieces that were finished: the same command goes on`);
  } finally {
    progress.end();
  }
  const rows = figure.pieces.flatMap(({ name }) => finished.get(name)!);
  const written = [`${file}.${format}`];
  writeFileSync(written[0]!, format === "csv" ? csv(rows) : rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  if (flags.svg) {
    writeFileSync(`${file}.svg`, await draw(figure, rows));
    written.push(`${file}.svg`);
  }
  if (existsSync(partial)) rmSync(partial);
  if (flags.quiet !== true) console.log(`${figure.name}: ${rows.length} rows in ${written.join(", ")}`);
}

/** Rows of the same keys; neither names nor texts have a comma in them. */
function csv(rows: readonly Row[]): string {
  return [Object.keys(rows[0] ?? {}), ...rows.map(Object.values)].map((cells) => `${cells.join()}\n`).join("");
}
