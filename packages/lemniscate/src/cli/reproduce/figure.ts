/** @module What a figure is: pieces of rows that can be computed one by one, and how all of them are drawn. */
import type * as Plot from "@observablehq/plot";

export type Row = Readonly<Record<string, string | number>>;

/** What a piece of a figure is computed with. */
export interface Run {
  /** How many paths, or networks, each sample has. */
  readonly paths: number;
  readonly seed: number;
  readonly threads: number | undefined;
  /** What `--data` and `--embeddings` name; there where the figure says that it needs data. */
  readonly data: { readonly data: string; readonly embeddings?: string | undefined } | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** Rows that are computed together, and kept once they are there. */
export interface Piece {
  readonly name: string;
  rows(run: Run): Promise<readonly Row[]>;
}

export interface Figure {
  /** As in `lemniscate reproduce <name>`. */
  readonly name: string;
  /** What is to be seen, in a line. */
  readonly about: string;
  /** How many paths suit a laptop; none where nothing is random. */
  readonly paths: number | undefined;
  /** What has to be in the folder of `--data`, if anything. */
  readonly data?: string;
  readonly pieces: readonly Piece[];
  draw(plot: typeof Plot, rows: readonly Row[]): Drawing;
}

/** Panels side by side and below each other, with one legend for all. */
export interface Drawing {
  readonly legend: readonly LegendEntry[];
  readonly panels: readonly (readonly Panel[])[];
}

export interface LegendEntry {
  readonly label: string;
  readonly stroke: string;
  /** As in SVG, for a dashed line. */
  readonly dashes?: string;
  /** A filled square instead of a line. */
  readonly filled?: boolean;
}

export interface Panel {
  readonly title: string;
  readonly options: Plot.PlotOptions;
}

/** Colours of what is compared everywhere. */
export const colours = { limit: "#4269d0", network: "#d9480f", third: "#3a7d44", other: "#8a8a8a" } as const;
