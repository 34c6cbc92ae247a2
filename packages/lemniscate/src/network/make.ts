import type { z } from "zod";
import { LemniscateError } from "../core/errors.js";
import type { LayerDefinition, LayerNetwork } from "./layer.js";
import { type Path, pathInWords } from "./path.js";
import type { Placement } from "./placement.js";

/** A layer as frozen plain data, its options checked and complete. */
export function makeLayer<Options extends object, P extends Placement>(
  definition: Pick<LayerDefinition<Options>, "name" | "options">,
  options: object,
): LayerNetwork<Options, P> {
  const parsed = definition.options.safeParse(options);
  if (!parsed.success)
    throw optionError(definition.name, parsed.error.issues[0]!, options, undefined, definition.options);
  const entries = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return Object.freeze({ type: definition.name, ...Object.fromEntries(entries) }) as LayerNetwork<Options, P>;
}

/** One validation issue in this library's words. `at` names the layer, and `root` is its place in the network. */
export function optionError(
  at: string,
  issue: z.core.$ZodIssue,
  input: unknown,
  root?: Path,
  schema?: z.ZodType,
): LemniscateError {
  const inside = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
  const path = pathInWords(inside);
  let given: unknown = input;
  for (const key of issue.path) given = (given as Record<PropertyKey, unknown> | undefined)?.[key];
  const shown = typeof given === "number" ? String(given) : (JSON.stringify(given) ?? "nothing");
  if (issue.code === "unrecognized_keys")
    return new LemniscateError({
      code: "OptionOutOfRange",
      where: `${at}${path}`,
      given: `the unknown option ${issue.keys.map((key) => `"${key}"`).join(", ")}`,
      allowed: optionsOf(schema, inside).join(", ") || "none",
      mend: "Check the spelling, or leave it out.",
      path: root && [...root, ...inside, ...issue.keys.slice(0, 1)],
    });
  return new LemniscateError({
    code: "OptionOutOfRange",
    where: `${at}${path.startsWith(".") ? `: ${path.slice(1)}` : path}`,
    given: shown,
    allowed: allowedBy(issue),
    mend: "Change the value, or leave it out to have the default.",
    path: root && [...root, ...inside],
  });
}

/** The options that an object takes, found by walking down its schema. */
function optionsOf(schema: z.ZodType | undefined, path: Path): readonly string[] {
  let found: unknown = schema;
  const inner = (): void => {
    while (found !== undefined && !("shape" in (found as object)))
      found = (found as { unwrap?: () => unknown }).unwrap?.();
  };
  inner();
  for (const key of path) {
    found = (found as { shape: Record<PropertyKey, unknown> } | undefined)?.shape[key];
    inner();
  }
  return Object.keys((found as { shape: object } | undefined)?.shape ?? {});
}

/** The kinds of values that zod names, in this library's words. */
const kinds: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "a string",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "an object with options",
};

/** What zod expects, in this library's words: `Too small: expected number to be >=0` is `a number ≥ 0`. */
function allowedBy({ message }: z.core.$ZodIssue): string {
  const expected = message.replace(/^(Invalid (input|option)|Too (small|big)): expected /, "");
  return expected
    .replace(/, received .*$/, "")
    .replace(/^(\w+)(?: to (be|have) |$)/, (all, kind, verb) =>
      kind in kinds ? `${kinds[kind]} ${verb === "have" ? "of " : ""}` : all,
    )
    .trimEnd()
    .replace(">=", "≥ ")
    .replace("<=", "≤ ")
    .replace(/([<>])(?=\d)/, "$1 ");
}
