/** @module Checks what a specification file says. The words that editors show are here too. */
import { z } from "zod";
import { networkVersion } from "../../network/json.js";
import type { ClassificationBlock, DataBlock, EngineBlock, Experiment, GpBlock } from "./blocks.js";

const file = (what: string): z.ZodString => z.string().min(1).describe(`${what}; relative to this file`);
const count = z.number().int().positive();

const graphs = z
  .strictObject({
    edges: file(
      "A table of edges, source and target, with a column of weights or none; with a column example, of each one",
    ),
    undirected: z.boolean().describe("Whether every edge leads back too; default false").optional(),
    selfLoops: z.boolean().describe("Whether every node has an edge to itself besides; default false").optional(),
    normalize: z.enum(["none", "mean", "symmetric"]).describe("What weights are divided by; default none").optional(),
  })
  .describe("Graphs whose nodes are the positions, for aggregate");

const npy = z
  .strictObject({
    type: z.literal("npy"),
    x: file("Inputs (n, d), (n, T, d) or (n, H, W, d)"),
    y: file("Targets (n) or (n, outputs), or labels (n) from 0").optional(),
    mask: file("1 where a position is present, 0 at padding: the shape of x without channels").optional(),
    maskConstant: z
      .union([z.number(), z.literal("NaN")])
      .describe("Entries of x that stand for padding")
      .optional(),
    graphs: graphs.optional(),
    count: count.describe("Take the first examples only").optional(),
  })
  .describe("Arrays in .npy files");

const csv = z
  .strictObject({
    type: z.literal("csv"),
    file: file("A table, one example a row"),
    target: z
      .union([z.string(), z.number().int()])
      .describe('Column of the targets or classes, by name or position; default -1, the last. "none": there is none')
      .optional(),
    features: z.array(z.string()).min(1).describe("Columns of the features; default: all but the target").optional(),
    constantColumns: z
      .enum(["refuse", "keep"])
      .describe("A feature that never changes; default: refuse in training data")
      .optional(),
    duplicates: z
      .enum(["refuse", "keep"])
      .describe("Equal features with different targets; default: refuse in training data")
      .optional(),
    count: count.describe("Take the first examples only").optional(),
  })
  .describe("A table with a header line");

const embedding = {
  embeddings: z.discriminatedUnion("type", [
    z
      .strictObject({
        type: z.literal("glove"),
        file: file("Word vectors, as in glove.6B.50d.txt"),
        tokenizer: z.enum(["treebank", "keras"]).describe("How texts are cut into words; default treebank").optional(),
      })
      .describe("GloVe vectors"),
  ]),
  maxTokens: count.describe("Longer texts are cut; default 300").optional(),
  unknown: z
    .enum(["zero", "skip"])
    .describe("A word without a vector: zeros in its place (default), or nothing")
    .optional(),
};

const imdb = z
  .strictObject({
    type: z.literal("imdb"),
    folder: file("aclImdb/train or aclImdb/test"),
    ...embedding,
    count: count.describe("Number of reviews, half of each class; default: all").optional(),
    seed: z.number().int().describe("Which ones; default 0").optional(),
  })
  .describe("Film reviews of Maas et al. 2011, as word vectors");

const column = z.union([z.string(), z.number().int()]);

const texts = z
  .strictObject({
    type: z.literal("texts"),
    file: file("A table, one text a row"),
    text: column.describe("Column of the texts, by name or position; default: the first").optional(),
    label: column.describe("Column of the classes; default: the second").optional(),
    ...embedding,
    count: count.describe("Take the first texts only").optional(),
  })
  .describe("A table of texts and their classes, as word vectors");

const cifar10 = z
  .strictObject({
    type: z.literal("cifar10"),
    file: file("A file of the binary version, such as data_batch_1.bin"),
    count: count.describe("Take the first images only").optional(),
  })
  .describe("Images of Krizhevsky 2009, (n, 32, 32, 3) from 0 to 1");

const mnist = z
  .strictObject({
    type: z.literal("mnist"),
    images: file("Images in the IDX format, packed with gzip or not"),
    labels: file("Their labels"),
    count: count.describe("Take the first images only").optional(),
  })
  .describe("Images of LeCun et al. 1998, (n, 28, 28, 1) from 0 to 1");

const inputs = z
  .strictObject({
    type: z.literal("inputs"),
    inputs: z
      .record(z.string().min(1), z.discriminatedUnion("type", [npy, csv]))
      .describe("Inputs by the names of the network's input layers"),
    y: file("Targets (n) or (n, outputs), or labels (n) from 0").optional(),
  })
  .describe("Several inputs of one network");

const data: z.ZodType<DataBlock> = z
  .discriminatedUnion("type", [npy, csv, inputs, imdb, texts, cifar10, mnist])
  .meta({ id: "data" });

const standardize = z
  .boolean()
  .describe(
    "Bring inputs, and the targets of a regression, to mean 0 and deviation 1 of the training set; default false",
  )
  .optional();

const grid = z.array(z.number().nonnegative()).min(1).describe("Candidates, relative to the mean diagonal").optional();

const noise = z.union([
  z.number().nonnegative().describe("In the unit of the kernel"),
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("relative"), value: z.number().nonnegative() }),
    z.strictObject({ type: z.literal("marginalLikelihood"), grid }),
    z.strictObject({
      type: z.literal("heldOut"),
      grid,
      fraction: z.number().gt(0).lt(1).optional(),
      seed: z.number().int().optional(),
    }),
  ]),
]);

const method = z.enum(["nngp", "ntk", "ntkgp"]).describe("What predicts; default nngp").optional();
const noiseOption = noise.describe("Variance on the diagonal; default: chosen by marginal likelihood").optional();

/** Networks that are still in training. */
const training = {
  time: z
    .number()
    .nonnegative()
    .describe("How long infinitely wide networks have trained, in steps times learning rate; default: to the end")
    .optional(),
  learningRate: z.number().positive().describe("What time is multiplied by; default 1").optional(),
};

const inference: z.ZodType<GpBlock | ClassificationBlock> = z.discriminatedUnion("type", [
  z
    .strictObject({
      type: z.literal("gp"),
      get: method,
      noise: noiseOption,
      priorMean: z
        .union([z.number(), z.literal("train")])
        .describe("Mean before data; default 0")
        .optional(),
      ...training,
    })
    .describe("Regression"),
  z
    .strictObject({
      type: z.literal("classification"),
      get: method,
      noise: noiseOption,
      classes: z.number().int().min(2).describe("Default: one more than the largest label").optional(),
      ...training,
    })
    .describe("Classes by regression on one-hot targets"),
]);

const engine: z.ZodType<EngineBlock> = z.strictObject({
  type: z.enum(["wasm", "reference"]),
  precision: z.enum(["f32", "f64"]).optional(),
  threads: count.optional(),
  vectorBits: z.union([z.literal(128), z.literal(256)]).optional(),
});

/** A specification with its network left to whoever knows networks. */
export function experimentOf(network: z.ZodType): z.ZodObject {
  return z.strictObject({
    lemniscate: z.literal(networkVersion).describe("Version of this format"),
    network,
    data: z.strictObject({ train: data, test: data.optional(), standardize }).optional(),
    inference: inference.optional(),
    engine: engine.optional(),
  });
}

/** A specification of several networks, whose kernels are computed together. */
export function severalOf(network: z.ZodType): z.ZodObject {
  const name = z.string().regex(/^[\w.-]+$/, { error: "a name of letters, digits and ._-" });
  return experimentOf(network)
    .omit({ network: true, inference: true })
    .extend({ networks: z.record(name, network).describe("Networks by name; results go to a file for each") });
}

export const experiment: z.ZodType<Experiment> = experimentOf(z.unknown()) as unknown as z.ZodType<Experiment>;
export const several: z.ZodType<Experiment> = severalOf(z.unknown()) as unknown as z.ZodType<Experiment>;
