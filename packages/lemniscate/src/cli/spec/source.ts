import { readFileSync } from "node:fs";
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { isLemniscateError } from "../../core/errors.js";
import type { Path } from "../../network/path.js";
import { Misuse } from "../misuse.js";

/** A file in YAML or JSON that remembers where everything stands. */
export interface Source {
  /** As the user wrote it. */
  readonly name: string;
  readonly data: unknown;
  /** `net.yaml:9:26`, the place of a value, or of the nearest thing around it that is there. */
  place(path: Path): string;
}

/**
 * Reads a file in YAML or JSON: one parser for both, because JSON is YAML, and it keeps positions.
 *
 * @throws Misuse `BadFile` if it cannot be read or is neither
 */
export function readSource(name: string): Source {
  let text: string;
  try {
    text = readFileSync(name, "utf8");
  } catch (cause) {
    throw new Misuse({
      code: "BadFile",
      where: name,
      given: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message,
      allowed: "a file in YAML or JSON that can be read",
      mend: "Check the path.",
      cause,
    });
  }
  return sourceOf(name, text);
}

/** The same from a text. */
export function sourceOf(name: string, text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const broken = (offset: number, reason: string, cause: unknown): Misuse =>
    new Misuse({
      code: "BadFile",
      where: at(offset),
      given: `text that is neither YAML nor JSON (${reason.split("\n")[0]?.replace(/[.:]$/, "")})`,
      allowed: "YAML or JSON",
      mend: "Look at this line and the one before it.",
      cause,
    });
  const error = document.errors[0];
  if (error !== undefined) throw broken(error.pos[0], error.message, error);
  let data: unknown;
  try {
    data = document.toJS();
  } catch (cause) {
    throw broken(0, (cause as Error).message, cause);
  }
  return { name, data, place: (path) => at(offsetOf(document, path)) };
}

/** The same error with its place in the file before it, if it is about the network that stands at `root`. */
export function pointAt(source: Source, root: Path, error: unknown): unknown {
  if (!isLemniscateError(error) || error instanceof Misuse) return error;
  const path = error.path ?? (error.code === "Misplaced" ? lastLayer(source, root) : undefined);
  if (path === undefined) return error;
  return new Misuse({ ...partsOf(error), where: `${source.place([...root, ...path])} ${error.where}`, cause: error });
}

function partsOf({ code, given, allowed, mend }: Misuse): Pick<Misuse, "code" | "given" | "allowed" | "mend"> {
  return { code, given, allowed, mend };
}

/** A network that is wrong as a whole is wrong at its end. */
function lastLayer({ data }: Source, root: Path): Path {
  let network = data;
  for (const key of root) network = (network as Record<PropertyKey, unknown>)[key];
  const layers = (network as { layers?: unknown }).layers;
  return Array.isArray(layers) && layers.length > 0 ? ["layers", layers.length - 1] : [];
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: Node | null | undefined = document.contents;
  let offset = start(node) ?? 0;
  for (let i = 0; i < path.length; i++) {
    if (isAlias(node)) node = node.resolve(document);
    let key = path[i]!;
    // residual: layers is read as a sum of branches, whose first is a serial of these layers
    if (key === "branches" && isMap(node) && node.get("type") === "residual") {
      if (path[i + 1] !== 0) break;
      i += 2;
      key = "layers";
    }
    if (isSeq(node)) {
      node = node.items[key as number] as Node | undefined;
      offset = start(node) ?? offset;
    } else if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      node = pair?.value as Node | null | undefined;
      const named = start(pair?.key as Node | undefined);
      offset = (isScalar(node) ? start(node) : named) ?? named ?? offset;
    } else break;
  }
  return offset;
}

function start(node: Node | null | undefined): number | undefined {
  return node?.range?.[0];
}
