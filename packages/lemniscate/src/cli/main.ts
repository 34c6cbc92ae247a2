import { Command } from "commander";
import { convergeCommand } from "./commands/converge.js";
import { doctorCommand } from "./commands/doctor.js";
import { estimateCommand } from "./commands/estimate.js";
import { explainCommand } from "./commands/explain.js";
import { kernelCommand } from "./commands/kernel.js";
import { predictCommand } from "./commands/predict.js";
import { reproduceCommand } from "./commands/reproduce.js";
import { schemaCommand } from "./commands/schema.js";
import { shapedCommand } from "./commands/shaped.js";
import { trainCommand } from "./commands/train.js";
import { verifyCommand } from "./commands/verify.js";
import { failureOf } from "./failure.js";
import { version } from "./version.js";

const program = new Command("lemniscate")
  .description("Exact kernels of infinitely wide neural networks, and predictions with them.")
  .version(version, "-v, --version")
  .option("--debug", "print the stack of an error")
  .showSuggestionAfterError()
  .configureOutput({ outputError: () => {} }) // said below, in one line and with the command's name
  .exitOverride()
  .addHelpText(
    "after",
    `
Example:
  $ lemniscate kernel net.yaml --x train.npy --x2 test.npy --get nngp,ntk --out k.npy

Exit codes: 0 done, 1 failed, 2 wrong use or specification, 130 after Ctrl-C, 143 after SIGTERM.`,
  );

for (const add of [
  kernelCommand,
  predictCommand,
  explainCommand,
  estimateCommand,
  trainCommand,
  convergeCommand,
  verifyCommand,
  doctorCommand,
  schemaCommand,
  shapedCommand,
  reproduceCommand,
])
  add(program);
for (const command of program.commands) command.option("--debug", "print the stack of an error");

// A reader that has seen enough, such as head, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  const { exitCode, message } = failureOf(error, process.argv.includes("--debug"));
  const names = program.commands.map((known) => known.name());
  const command = process.argv.slice(2).find((word) => names.includes(word));
  if (message !== undefined) process.stderr.write(`${["lemniscate", command].filter(Boolean).join(" ")}: ${message}\n`);
  process.exitCode = exitCode;
}
