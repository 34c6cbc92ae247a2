import type { Command } from "commander";
import { jsonSchema } from "../spec/json-schema.js";

export function schemaCommand(program: Command): void {
  program
    .command("schema")
    .description("Print the JSON Schema of network and experiment files, for editors.")
    .addHelpText("after", "\nExample:\n  $ lemniscate schema > lemniscate.schema.json")
    .action(() => console.log(JSON.stringify(jsonSchema(), null, 2)));
}
