/** @module Whether something is a network at all, and no more than a program can be made of. */

import { LemniscateError } from "../core/errors.js";
import { shown } from "../core/options.js";
import { type Path, pathInWords } from "./path.js";
import type { Network } from "./placement.js";

/** How deeply networks may nest; layers in a row may be as many as there are. */
const mostNested = 100;

/** Every copy becomes expressions of its own: a hundred thousand would be compiled for minutes. */
export const mostRepeats = 10_000;

/** Layers that a network may have, repeated ones counted as often. */
const mostLayers = 100_000;

/**
 * Looks at the whole of a network before anything walks down into it: types know what one is, programs without them, and
 * data from elsewhere, do not.
 *
 * @throws LemniscateError `BadNetwork` if it is none, or if it is too deep or too large
 */
export function checkNetwork(network: unknown, at: Path = []): asserts network is Network {
  const layers = layersIn(network, at);
  if (layers > mostLayers)
    throw new LemniscateError({
      code: "BadNetwork",
      where: "network",
      given: `${layers} layers`,
      allowed: `${mostLayers}`,
      mend: "Repeat fewer of them.",
      path: at,
    });
}

/** `data` as the beginnings of a network: an object with a type. */
export function typedAt(data: unknown, at: Path): { readonly type: string } & Record<string, unknown> {
  if (at.length > 2 * mostNested)
    throw new LemniscateError({
      code: "BadNetwork",
      where: "network",
      given: `more than ${mostNested} networks inside each other`,
      allowed: `${mostNested}`,
      mend: "Put layers one after another in one serial().",
      path: at.slice(0, 2),
    });
  const isRecord = typeof data === "object" && data !== null && !Array.isArray(data);
  const { type } = (isRecord ? data : {}) as { type?: unknown };
  if (typeof type === "string") return data as { readonly type: string } & Record<string, unknown>;
  throw new LemniscateError({
    code: "BadNetwork",
    where: `network${pathInWords(at)}`,
    given: isRecord ? `keys ${Object.keys(data).join(", ") || "none"}` : String(JSON.stringify(data)),
    allowed: 'an object with a "type", as in {"type": "relu"}',
    mend: "Every block of a network says what it is.",
    path: at,
  });
}

/** Networks that are made of others, in a list. */
const combined: ReadonlySet<string> = new Set(["serial", "parallel", "product", "concat"]);

function layersIn(data: unknown, at: Path): number {
  const { layers, branches, layer, times, type } = typedAt(data, at);
  const list = type === "serial" ? layers : branches;
  if (type === "repeat") return Number(times) * layersIn(layer, [...at, "layer"]);
  if (!Array.isArray(list) && combined.has(type))
    throw new LemniscateError({
      code: "BadNetwork",
      where: `network${pathInWords(at)} (${type})`,
      given: shown(list),
      allowed: type === "serial" ? "a list of layers" : "a list of branches",
      mend: `Make it with ${type}().`,
      path: at,
    });
  if (!Array.isArray(list)) return 1;
  const key = type === "serial" ? "layers" : "branches";
  return list.reduce((sum: number, one, i) => sum + layersIn(one, [...at, key, i]), 0);
}
