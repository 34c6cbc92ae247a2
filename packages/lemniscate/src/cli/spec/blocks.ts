/** @module What a specification file may say. Every block names its `type`, so that errors can name the block. */
import type { GraphOptions } from "../../core/graphs.js";
import type { networkVersion } from "../../network/json.js";

/** Arrays in `.npy` files. */
export interface NpyBlock {
  readonly type: "npy";
  readonly x: string;
  readonly y?: string | undefined;
  readonly mask?: string | undefined;
  readonly maskConstant?: number | "NaN" | undefined;
  readonly graphs?: GraphsBlock | undefined;
  readonly count?: number | undefined;
}

/** Graphs on whose nodes positions are, by a table of edges. */
export interface GraphsBlock extends Pick<GraphOptions, "undirected" | "selfLoops" | "normalize"> {
  readonly edges: string;
}

/** Several inputs of one network, by the names it knows them by. */
export interface InputsBlock {
  readonly type: "inputs";
  readonly inputs: Readonly<Record<string, NpyBlock | CsvBlock>>;
  readonly y?: string | undefined;
}

/** A table with a header line, one example a row. */
export interface CsvBlock {
  readonly type: "csv";
  readonly file: string;
  readonly target?: string | number | undefined;
  readonly features?: readonly string[] | undefined;
  readonly constantColumns?: "refuse" | "keep" | undefined;
  readonly duplicates?: "refuse" | "keep" | undefined;
  readonly count?: number | undefined;
}

/** Film reviews as word vectors. */
export interface ImdbBlock {
  readonly type: "imdb";
  readonly folder: string;
  readonly embeddings: EmbeddingBlock;
  readonly maxTokens?: number | undefined;
  readonly unknown?: "zero" | "skip" | undefined;
  readonly count?: number | undefined;
  readonly seed?: number | undefined;
}

/** A table of texts and their classes, as word vectors. */
export interface TextsBlock {
  readonly type: "texts";
  readonly file: string;
  readonly text?: string | number | undefined;
  readonly label?: string | number | undefined;
  readonly embeddings: EmbeddingBlock;
  readonly maxTokens?: number | undefined;
  readonly unknown?: "zero" | "skip" | undefined;
  readonly count?: number | undefined;
}

/** Images of CIFAR-10, in its binary version. */
export interface Cifar10Block {
  readonly type: "cifar10";
  readonly file: string;
  readonly count?: number | undefined;
}

/** Images of MNIST, or of a data set in its form. */
export interface MnistBlock {
  readonly type: "mnist";
  readonly images: string;
  readonly labels: string;
  readonly count?: number | undefined;
}

/** Word vectors from a file. */
export interface EmbeddingBlock {
  readonly type: "glove";
  readonly file: string;
  readonly tokenizer?: "treebank" | "keras" | undefined;
}

export type DataBlock = NpyBlock | CsvBlock | InputsBlock | ImdbBlock | TextsBlock | Cifar10Block | MnistBlock;

/** A number is absolute, in the unit of the kernel. */
export type NoiseBlock =
  | number
  | { readonly type: "relative"; readonly value: number }
  | { readonly type: "marginalLikelihood"; readonly grid?: readonly number[] | undefined }
  | {
      readonly type: "heldOut";
      readonly grid?: readonly number[] | undefined;
      readonly fraction?: number | undefined;
      readonly seed?: number | undefined;
    };

export interface GpBlock {
  readonly type: "gp";
  readonly get?: "nngp" | "ntk" | "ntkgp" | undefined;
  readonly noise?: NoiseBlock | undefined;
  readonly priorMean?: number | "train" | undefined;
  /** How long networks have trained, and what steps of time are multiplied by. */
  readonly time?: number | undefined;
  readonly learningRate?: number | undefined;
}

export interface ClassificationBlock {
  readonly type: "classification";
  readonly get?: "nngp" | "ntk" | "ntkgp" | undefined;
  readonly noise?: NoiseBlock | undefined;
  readonly classes?: number | undefined;
  readonly time?: number | undefined;
  readonly learningRate?: number | undefined;
}

export interface EngineBlock {
  readonly type: "wasm" | "reference";
  readonly precision?: "f32" | "f64" | undefined;
  readonly threads?: number | undefined;
  readonly vectorBits?: 128 | 256 | undefined;
}

/** A network, or several, with data and a way to predict. */
export interface Experiment {
  readonly lemniscate: typeof networkVersion;
  readonly network?: unknown;
  readonly networks?: Readonly<Record<string, unknown>> | undefined;
  readonly data?:
    | {
        readonly train: DataBlock;
        readonly test?: DataBlock | undefined;
        /**
         * Whether inputs (channel by channel) and the targets of a regression are brought to mean 0 and deviation 1 of
         * the training set. Predictions come back in the unit of the targets; noise and evidence are of the scaled ones.
         */
        readonly standardize?: boolean | undefined;
      }
    | undefined;
  readonly inference?: GpBlock | ClassificationBlock | undefined;
  readonly engine?: EngineBlock | undefined;
}
