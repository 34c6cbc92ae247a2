import type { z } from "zod";
import { LemniscateError } from "../core/errors.js";
import type { LayerDefinition, LayerNetwork } from "./layer.js";
import { type Path, pathInWords } from "./path.js";
import type { Placement } from "./placement.js";

/** A layer as frozen plain data, its options checked and complete. */
export function makeLayer<Options extends object, P extends Placement>(
  definition: LayerDefinition<Options>,
  options: object,
): LayerNetwork<Options, P> {
  const parsed = definition.options.safeParse(options);
  if (!parsed.success) throw optionError(definition.name, parsed.error.issues[0]!, options);
  const entries = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return Object.freeze({ type: definition.name, ...Object.fromEntries(entries) }) as LayerNetwork<Options, P>;
}

/** One validation issue in this library's words. `at` names the layer, and `root` is its place in the network. */
export function optionError(at: string, issue: z.core.$ZodIssue, input: unknown, root?: Path): LemniscateError {
  const inside = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
  const path = pathInWords(inside);
  let given: unknown = input;
  for (const key of issue.path) given = (given as Record<PropertyKey, unknown> | undefined)?.[key];
  const shown = given === undefined ? "nothing" : JSON.stringify(given);
  if (issue.code === "unrecognized_keys")
    return new LemniscateError({
      code: "OptionOutOfRange",
      where: `${at}${path}`,
      given: `the unknown option ${issue.keys.map((key) => `"${key}"`).join(", ")}`,
      allowed: "only the documented options",
      mend: "Check the spelling, or leave it out.",
      path: root && [...root, ...inside, ...issue.keys.slice(0, 1)],
    });
  return new LemniscateError({
    code: "OptionOutOfRange",
    where: `${at}${path.startsWith(".") ? `: ${path.slice(1)}` : path}`,
    given: shown,
    allowed: issue.message.replace(/^Invalid (input|option): expected /, ""),
    mend: "Change the value, or leave it out to have the default.",
    path: root && [...root, ...inside],
  });
}
