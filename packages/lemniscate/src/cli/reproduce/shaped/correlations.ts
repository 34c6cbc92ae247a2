/** @module Rank collapse: correlations of tokens against the layer, with shaping and without. */
import { type ShapedModel, unshapedTransformer } from "../../../shaped/models/model.js";
import { correlation, effectiveRank } from "../../../shaped/statistics/observables.js";
import { mean } from "../../../shaped/statistics/summary.js";
import { colours, type Figure, type Row } from "../figure.js";
import { follow, grid, models } from "./setting.js";

const width = 128;
const unshaped = (options: { residual?: boolean; scaling?: "depth" }): ShapedModel =>
  unshapedTransformer({ attention: { strength: 1 }, mlp: { strength: 1 }, ...options });
const kinds: Readonly<Record<string, readonly [model: ShapedModel, stroke: string, dashes: string]>> = {
  "no residual": [unshaped({ residual: false }), colours.other, "2 3"],
  residual: [unshaped({}), colours.network, "7 4"],
  "residual / √depth": [unshaped({ scaling: "depth" }), colours.third, "10 3 2 3"],
  shaped: [models["transformer"]!, colours.limit, ""],
};
const observables = { correlation: correlation(0, 1), rank: effectiveRank };

export const correlations: Figure = {
  name: "shaped/correlations",
  about: `Mean correlation and effective rank of three tokens against the layer, width and depth ${width}: shaped, and unshaped with and without residuals`,
  paths: 1000,
  pieces: Object.entries(kinds).map(([kind, [model]]) => ({
    name: kind,
    async rows(run) {
      const rows: Row[] = [];
      // Unshaped networks grow with every layer, which is no explosion.
      for await (const snapshot of follow(model, width, grid(32), run, { radius: 1e280 }))
        for (const [observable, { of }] of Object.entries(observables)) {
          const { value, error } = mean(of(snapshot));
          rows.push({ kind, layer: snapshot.steps, observable, mean: value, error });
        }
      return rows;
    },
  })),
  draw: (plot, rows) => ({
    legend: Object.entries(kinds).map(([label, [, stroke, dashes]]) => ({ label, stroke, dashes })),
    panels: [
      (
        [
          ["correlation", "correlation of two tokens", [0, 1]],
          ["rank", "effective rank of three tokens", [1, 3]],
        ] as const
      ).map(([observable, title, domain]) => ({
        title,
        options: {
          x: { label: "layer", labelAnchor: "center" as const, ticks: 4 },
          y: { label: "mean", domain, grid: true, ticks: 5 },
          marks: Object.entries(kinds).map(([kind, [, stroke, strokeDasharray]]) =>
            plot.lineY(
              rows.filter((row) => row["kind"] === kind && row["observable"] === observable),
              { x: "layer", y: "mean", stroke, strokeWidth: 2, strokeDasharray },
            ),
          ),
        },
      })),
    ],
  }),
};
