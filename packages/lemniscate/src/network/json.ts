import { LemniscateError } from "../core/errors.js";
import type { Combinator } from "./combinators.js";
import { type Path, pathInWords } from "./path.js";
import type { Network } from "./placement.js";
import { checkNetwork, mostRepeats, typedAt } from "./size.js";
import { layerOf } from "./trace.js";

/** Version of the JSON that {@link networkToJson} writes. */
export const networkVersion = 1;

/** A network in a file: the version of its format beside the network itself. */
export interface NetworkFile {
  readonly lemniscate: typeof networkVersion;
  readonly network: Network;
}

/**
 * A network as JSON text, which {@link networkFromJson} reads back.
 *
 * @throws LemniscateError `BadNetwork` if it is none
 *
 * @example
 * ```ts
 * import { dense, networkFromJson, networkToJson, relu, serial } from "lemniscate";
 * const net = serial(dense(), relu(), dense());
 * networkFromJson(networkToJson(net)); // => net
 * ```
 */
export function networkToJson(network: Network): string {
  checkNetwork(network);
  return JSON.stringify({ lemniscate: networkVersion, network } satisfies NetworkFile, null, 2);
}

/**
 * The network in a JSON text, checked: known types, known options, values in range, defaults filled in.
 *
 * @throws LemniscateError `BadNetwork` or `OptionOutOfRange` naming the place, as in `network.layers[2] (dense)`
 *   and in the error's `path`
 */
export function networkFromJson(json: string): Network {
  let file: unknown;
  try {
    file = JSON.parse(json);
  } catch (cause) {
    throw new LemniscateError({
      code: "BadNetwork",
      where: "network",
      given: `text that is not JSON (${(cause as Error).message})`,
      allowed: '{"lemniscate": 1, "network": {"type": "serial", "layers": […]}}',
      mend: "Mend the text, or write the file with networkToJson().",
      cause,
    });
  }
  return networkFromData(file);
}

/** The network in parsed JSON or YAML, with or without the envelope that names the version. */
export function networkFromData(file: unknown): Network {
  if (isRecord(file) && "network" in file && !("type" in file)) {
    if (file["lemniscate"] !== networkVersion)
      throw new LemniscateError({
        code: "BadNetwork",
        where: "lemniscate",
        given: JSON.stringify(file["lemniscate"]) ?? "nothing",
        allowed: `${networkVersion}, the version of the format`,
        mend: "Use the release of this library that wrote the file, or bring the file up to date.",
      });
    return checked(file["network"], []);
  }
  return checked(file, []);
}

function checked(data: unknown, at: Path): Network {
  const typed = typedAt(data, at);
  const node = typed as unknown as Combinator;
  if (node.type === "serial") {
    only(typed, ["type", "layers"], at);
    return Object.freeze({ type: "serial", layers: list(node.layers, [...at, "layers"]) }) as Network;
  }
  if (node.type === "parallel") {
    only(typed, ["type", "branches"], at);
    return Object.freeze({ type: "parallel", branches: list(node.branches, [...at, "branches"]) }) as Network;
  }
  if (node.type === "product") {
    only(typed, ["type", "branches"], at);
    return Object.freeze({ type: "product", branches: list(node.branches, [...at, "branches"]) }) as Network;
  }
  if (node.type === "concat") {
    only(typed, ["type", "branches", "along"], at);
    const { along = "channels" } = node;
    if (along !== "channels" && !(Number.isInteger(along) && along >= 0))
      throw new LemniscateError({
        code: "BadNetwork",
        where: `network${pathInWords(at)}.along`,
        given: String(JSON.stringify(along)),
        allowed: '"channels", or the number of an axis of positions',
        mend: "Count axes of positions from 0.",
        path: [...at, "along"],
      });
    return Object.freeze({ type: "concat", branches: list(node.branches, [...at, "branches"]), along }) as Network;
  }
  if (node.type === "repeat") {
    only(typed, ["type", "layer", "times"], at);
    if (!Number.isInteger(node.times) || node.times < 0 || node.times > mostRepeats)
      throw new LemniscateError({
        code: "BadNetwork",
        where: `network${pathInWords(at)}.times`,
        given: String(JSON.stringify(node.times)),
        allowed: `a whole number from 0 to ${mostRepeats}`,
        mend: "Count how many copies of the layer the network has.",
        path: [...at, "times"],
      });
    return Object.freeze({
      type: "repeat",
      layer: checked(node.layer, [...at, "layer"]),
      times: node.times,
    }) as Network;
  }
  if (typed.type === "residual") {
    only(typed, ["type", "layers"], at);
    const inner = { type: "serial", layers: list(typed["layers"], [...at, "layers"]) };
    return Object.freeze({ type: "parallel", branches: [inner, { type: "identity" }] }) as Network;
  }
  const { options } = layerOf(typed as unknown as Network, at);
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.freeze({ type: typed.type, ...Object.fromEntries(entries) }) as Network;
}

function list(data: unknown, at: Path): Network[] {
  if (Array.isArray(data)) return data.map((item, i) => checked(item, [...at, i]));
  throw new LemniscateError({
    code: "BadNetwork",
    where: `network${pathInWords(at)}`,
    given: String(JSON.stringify(data)),
    allowed: "a list of networks",
    mend: "Write [ … ] in JSON, or one item a line after - in YAML.",
    path: at,
  });
}

function only(data: Record<string, unknown>, allowed: readonly string[], at: Path): void {
  const extra = Object.keys(data).filter((key) => !allowed.includes(key));
  if (extra.length === 0) return;
  throw new LemniscateError({
    code: "BadNetwork",
    where: `network${pathInWords(at)}`,
    given: `the unknown key ${extra.map((key) => `"${key}"`).join(", ")}`,
    allowed: allowed.join(", "),
    mend: "Check the spelling, or leave it out.",
    path: [...at, ...extra.slice(0, 1)],
  });
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}
