/** @module How far networks are from the limit, against their width. */

import { shapedTransformer } from "../../../shaped/models/model.js";
import { kolmogorovSmirnov } from "../../../shaped/statistics/distances.js";
import { correlation, covariance } from "../../../shaped/statistics/observables.js";
import { colours, type Figure, type Row } from "../figure.js";
import { follow, models } from "./setting.js";

const widths = [16, 32, 64, 128, 256];
/** A regime in which next to nothing explodes. */
const kinds = {
  ...models,
  transformer: shapedTransformer({
    attention: { gamma: 0.25, temperature: 1, keyWidth: 16 },
    mlp: { gamma: 0.25, activation: { type: "shaped-relu", plus: 2, minus: -2 } },
  }),
};
const observables = { Vᵃᵃ: covariance(0, 0), ρᵃᵇ: correlation(0, 1) };
const strokes = { Vᵃᵃ: colours.network, ρᵃᵇ: colours.limit } as const;
/** 1.358 √(2/N) for two samples of N: what distances of equal laws exceed in one of twenty cases. */
const critical = 1.358 * Math.SQRT2;

export const distances: Figure = {
  name: "shaped/distances",
  about: "Kolmogorov and Smirnov's distance of networks from the limit against their width, at depth/width = 1",
  paths: 20_000,
  pieces: Object.entries(kinds).map(([model, of]) => ({
    name: model,
    async rows(run) {
      const sample = async (width: number | undefined): Promise<Float64Array[]> => {
        for await (const snapshot of follow(of, width, [1], run))
          return Object.values(observables).map((observable) => observable.of(snapshot).slice());
        return [];
      };
      const limit = await sample(undefined);
      const rows: Row[] = [];
      for (const width of widths) {
        const network = await sample(width);
        for (const [i, observable] of Object.keys(observables).entries()) {
          const { distance, p } = kolmogorovSmirnov(network[i]!, limit[i]!);
          rows.push({ model, width, observable, distance, p, critical: critical / Math.sqrt(run.paths) });
        }
      }
      return rows;
    },
  })),
  draw: (plot, rows) => ({
    legend: [
      ...Object.entries(strokes).map(([label, stroke]) => ({ label, stroke })),
      { label: "5 % level of samples of this size", stroke: colours.other, dashes: "4 3" },
    ],
    panels: [
      Object.keys(kinds).map((model) => {
        const own = rows.filter((row) => row["model"] === model);
        return {
          title: `shaped ${model}`,
          options: {
            x: {
              label: "width",
              labelAnchor: "center" as const,
              type: "log" as const,
              base: 2,
              ticks: widths,
              tickFormat: String,
            },
            y: {
              label: "distance",
              type: "log" as const,
              domain: [0.003, 0.2],
              grid: true,
              ticks: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
              tickFormat: String,
            },
            marks: [
              plot.ruleY(own.slice(0, 1), { y: "critical", stroke: colours.other, strokeDasharray: "4 3" }),
              ...Object.entries(strokes).map(([observable, stroke]) =>
                plot.line(
                  own.filter((row) => row["observable"] === observable),
                  { x: "width", y: "distance", stroke, strokeWidth: 2, marker: "dot" },
                ),
              ),
            ],
          },
        };
      }),
    ],
  }),
};
