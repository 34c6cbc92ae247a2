import { type Command, Option } from "commander";
import type { Engine, Precision } from "../../engines/engine.js";
import { openEngine } from "../../engines/open.js";
import { runCase, type Verdict } from "../conformance/case.js";
import { casesIn, NoCase, readCase } from "../conformance/format.js";
import { engineOptions, vectorBitsOption, wholeNumber } from "../options.js";

interface Flags {
  readonly engine: "reference" | "wasm";
  readonly precision: Precision;
  readonly threads?: number;
  readonly vectorBits?: 128 | 256;
  readonly json?: boolean;
}

/** A verdict and the file it is about. */
type Judged = Verdict & { readonly file: string };

export function verifyCommand(program: Command): void {
  program
    .command("verify")
    .description("Run conformance cases, and say which ones fail.")
    .argument("<files...>", "cases as .json; a folder stands for all cases in it and below")
    .addOption(new Option("--engine <name>", "what computes").choices(["reference", "wasm"]).default("wasm"))
    .addOption(new Option("--precision <bits>", "single or double precision").choices(["f32", "f64"]).default("f64"))
    .option("--threads <n>", "threads that compute (default: one per core)", wholeNumber)
    .addOption(vectorBitsOption())
    .option("--json", "print a list of verdicts as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ lemniscate verify goldens/ --engine reference\n\nExit code 1 if a case fails; a case that needs what is not there counts as failed.",
    )
    .action(run);
}

async function run(files: readonly string[], flags: Flags): Promise<void> {
  await using engine = await openEngine(engineOptions(flags));
  const verdicts: Judged[] = [];
  for (const file of casesIn(files)) {
    const verdict = await judge(file, engine);
    verdicts.push(verdict);
    if (verdict.failure !== undefined && flags.json !== true)
      console.log(`FAIL ${verdict.name}: ${verdict.failure} (${file})`);
  }
  const failed = verdicts.filter(({ failure }) => failure !== undefined).length;
  if (flags.json === true) console.log(JSON.stringify(verdicts, null, 2));
  else console.log(`${verdicts.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

async function judge(file: string, engine: Engine): Promise<Judged> {
  try {
    return { ...(await runCase(readCase(file), engine)), file };
  } catch (error) {
    if (!(error instanceof NoCase)) throw error;
    return { name: file, failure: error.message, file };
  }
}
