/** @module Densities of entries of the covariance: histograms of networks, and the limit as a line. */
import { correlation, covariance, type Observable } from "../../../shaped/statistics/observables.js";
import { density, smoothDensity } from "../../../shaped/statistics/summary.js";
import { colours, type Figure, type Row } from "../figure.js";
import { follow, models } from "./setting.js";

const width = 128;
const t = 0.5;
const observables: readonly (readonly [Observable, limits: readonly [number, number], label: string])[] = [
  [covariance(0, 0), [0, 3], "Vᵃᵃ"],
  [covariance(0, 1), [-1.5, 1.5], "Vᵃᵇ"],
  [correlation(0, 1), [-1, 1], "ρᵃᵇ"],
];
const sources = { network: width, limit: undefined } as const;

export const densities: Figure = {
  name: "shaped/densities",
  about: `Densities of a variance, a covariance and a correlation at depth/width = ${t}: networks of width ${width} as histograms, the limit as lines`,
  paths: 20_000,
  pieces: Object.entries(models).flatMap(([model, of]) =>
    Object.entries(sources).map(([source, width]) => ({
      name: `${model} ${source}`,
      async rows(run) {
        const rows: Row[] = [];
        for await (const snapshot of follow(of, width, [t], run))
          for (const [observable, limits] of observables) {
            const x = observable.of(snapshot);
            const name = { model, source, observable: observable.name };
            if (source === "network")
              for (const { from, to, density: value, error } of density(x, limits, 40))
                rows.push({ ...name, from, to, density: value, error });
            else
              for (const { x: at, density: value } of smoothDensity(x, limits, 120))
                rows.push({ ...name, from: at, to: at, density: value, error: 0 });
          }
        return rows;
      },
    })),
  ),
  draw: (plot, rows) => ({
    legend: [
      { label: `networks of width ${width}`, stroke: colours.network, filled: true },
      { label: "limit", stroke: colours.limit },
    ],
    panels: Object.keys(models).map((model) =>
      observables.map(([observable, domain, label]) => {
        const of = (source: string): Row[] =>
          rows.filter((r) => r["model"] === model && r["source"] === source && r["observable"] === observable.name);
        return {
          title: `${model}: ${label}`,
          options: {
            x: { label: null, domain, ticks: 5 },
            y: { label: "density", ticks: 4, grid: true, zero: true },
            marks: [
              plot.rectY(of("network"), {
                x1: "from",
                x2: "to",
                y: "density",
                fill: colours.network,
                fillOpacity: 0.45,
                inset: 0,
              }),
              plot.lineY(of("limit"), { x: "from", y: "density", stroke: colours.limit, strokeWidth: 2 }),
            ],
          },
        };
      }),
    ),
  }),
};
