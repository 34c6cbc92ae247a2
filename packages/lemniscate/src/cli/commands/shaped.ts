import type { Command } from "commander";
import { accuracyCommand } from "./shaped/accuracy.js";
import { checkCommand } from "./shaped/check.js";
import { compareCommand } from "./shaped/compare.js";
import { mapCommand } from "./shaped/map.js";
import { sdeCommand, simulateCommand } from "./shaped/paths.js";
import { trainCommand } from "./shaped/train.js";

export function shapedCommand(program: Command): void {
  const shaped = program
    .command("shaped")
    .description("Shaped transformers in the limit of depth and width together, and networks of finite width.");
  for (const add of [
    sdeCommand,
    simulateCommand,
    compareCommand,
    mapCommand,
    accuracyCommand,
    checkCommand,
    trainCommand,
  ])
    add(shaped);
}
