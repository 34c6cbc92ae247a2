import { z } from "zod";
import { layers } from "../../network/layers/index.js";
import { experimentOf, severalOf } from "./experiment.js";

/** Where the published schema can be found, and what `$schema` in a file may say. */
const schemaId = "https://unpkg.com/lemniscate/schema/lemniscate.schema.json";

/**
 * Networks as a recursive union on `type`. It serves editors: the program itself reads a network with
 * `networkFromData`, which knows more and says it better.
 */
const network: z.ZodType = z.lazy(() => union);

const combinators = [
  z
    .strictObject({ type: z.literal("serial"), layers: z.array(network) })
    .describe("Layers one after another, the first one next to the data."),
  z
    .strictObject({ type: z.literal("parallel"), branches: z.array(network).min(1) })
    .describe("Branches on the same input, summed."),
  z
    .strictObject({ type: z.literal("product"), branches: z.array(network).min(1) })
    .describe("Branches on the same input, multiplied entry by entry."),
  z
    .strictObject({
      type: z.literal("concat"),
      branches: z.array(network).min(1),
      along: z.union([z.literal("channels"), z.number().int().nonnegative()]).default("channels"),
    })
    .describe("Branches on the same input, one beside the other: along channels, or along an axis of positions."),
  z
    .strictObject({ type: z.literal("residual"), layers: z.array(network) })
    .describe("The input plus what the layers make of it."),
  z
    .strictObject({ type: z.literal("repeat"), layer: network, times: z.number().int().nonnegative() })
    .describe("A network on top of itself, each time with weights of its own."),
];

// Every layer describes its options as an object, which takes its type in.
const leaves = [...layers.values()].map(({ name, summary, options }) =>
  z.strictObject({ type: z.literal(name), ...(options as unknown as z.ZodObject).shape }).describe(summary),
);

const union = z
  .discriminatedUnion("type", [...combinators, ...leaves] as unknown as [z.ZodObject, ...z.ZodObject[]])
  .meta({ id: "network" });

/** JSON Schema (2020-12) of network and experiment files. */
export function jsonSchema(): object {
  const $schema = z.string().optional();
  const file = z.union([union, experimentOf(union).extend({ $schema }), severalOf(union).extend({ $schema })]);
  const { $schema: dialect, ...schema } = z.toJSONSchema(file, { io: "input" });
  return {
    $schema: dialect,
    $id: schemaId,
    title: "Network or experiment of lemniscate",
    description: "A network by itself, or an experiment: one network or several with data and a way to predict.",
    ...schema,
  };
}
