import { readFileSync } from "node:fs";

/** The version in the package's own package.json. */
export const version: string = (
  JSON.parse(readFileSync(new URL(import.meta.resolve("lemniscate/package.json")), "utf8")) as { version: string }
).version;
