import { type Command, Option } from "commander";
import type { Quantity } from "../../core/quantity.js";
import type { Precision } from "../../engines/engine.js";
import { compileAll } from "../../program/compile.js";
import { kernels } from "../../tiles/kernels.js";
import { quantities, type SpecFlags, shape, specOf, wholeNumber, withSpec } from "../options.js";

interface Flags extends SpecFlags {
  readonly shape: readonly number[];
  readonly columns?: number;
  readonly get: readonly Quantity[];
  readonly precision: Precision;
  readonly json?: boolean;
}

export function explainCommand(program: Command): void {
  const command = program
    .command("explain")
    .description("Show what a kernel would compute and what it would cost, without computing it.")
    .argument("<spec>", "network or experiment, in YAML or JSON")
    .requiredOption("--shape <sizes>", "shape of x, as in 1000x50 (n, d) or 1000x300x50 (n, T, d)", shape)
    .option("--columns <n>", "number of examples in x2 (default: x with itself)", wholeNumber)
    .addOption(
      new Option("--get <which>", "nngp, ntk, or nngp,ntk").argParser(quantities).default(["nngp", "ntk"], "nngp,ntk"),
    )
    .addOption(new Option("--precision <bits>", "single or double precision").choices(["f32", "f64"]).default("f64"));
  withSpec(command)
    .option("--json", "print the program itself as JSON")
    .addHelpText("after", "\nExample:\n  $ lemniscate explain net.yaml --shape 1000x100x50 --get ntk")
    .action((file: string, { shape, get, columns, precision, json, ...flags }: Flags) => {
      const { networks, within } = specOf(file, flags);
      // explain() is asked in either case: it knows which networks have a kernel.
      const text = within(() => kernels(networks).explain(shape, { get, columns, precision }));
      const input = { grid: shape.slice(1, -1), channels: shape.at(-1), gaussian: false };
      const program = compileAll(Object.entries(networks), input, { get, masked: false });
      console.log(json === true ? JSON.stringify(program) : text);
    });
}
