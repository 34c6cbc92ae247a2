/** From the root of a network to a place in it: keys and indices, as in `["layers", 2, "weights"]`. */
export type Path = readonly (string | number)[];

/** A path as it is written in code: `.layers[2].weights`; nothing for the root. */
export function pathInWords(path: Path): string {
  return path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
}
