import { type Command, Option } from "commander";
import type { Quantity } from "../../core/quantity.js";
import { openEngine } from "../../engines/open.js";
import { kernels } from "../../tiles/kernels.js";
import {
  byteCount,
  type EngineFlags,
  engineOptions,
  quantities,
  type SpecFlags,
  shape,
  specOf,
  wholeNumber,
  withEngine,
  withSpec,
} from "../options.js";

interface Flags extends EngineFlags, SpecFlags {
  readonly shape: readonly number[];
  readonly columns?: number;
  readonly get: readonly Quantity[];
  readonly memory?: number;
  readonly json?: boolean;
}

export function estimateCommand(program: Command): void {
  const command = program
    .command("estimate")
    .description("Say what a kernel would take on this machine: operations, memory and time, after about a second.")
    .argument("<spec>", "network or experiment, in YAML or JSON")
    .requiredOption("--shape <sizes>", "shape of x, as in 1000x50 (n, d) or 1000x300x50 (n, T, d)", shape)
    .option("--columns <n>", "number of examples in x2 (default: x with itself)", wholeNumber)
    .addOption(
      new Option("--get <which>", "nngp, ntk, or nngp,ntk").argParser(quantities).default(["nngp", "ntk"], "nngp,ntk"),
    )
    .option("--memory <size>", "memory it may take, results included (default: 1GiB besides the results)", byteCount);
  withEngine(withSpec(command))
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample:\n  $ lemniscate estimate net.yaml --shape 1000x100x50 --precision f32")
    .action(run);
}

async function run(file: string, flags: Flags): Promise<void> {
  const { shape, columns, get, memory } = flags;
  const { networks, within, experiment } = specOf(file, flags);
  await using engine = await openEngine(engineOptions(flags, experiment.engine));
  const { text, ...found } = await within(() => kernels(networks).estimate(shape, { columns, get, memory, engine }));
  console.log(flags.json === true ? JSON.stringify(found) : text);
}
