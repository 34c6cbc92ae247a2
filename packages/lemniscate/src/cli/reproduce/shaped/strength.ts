/** @module How much drift and noise there is, against the strength γ of branches. */
import { type ShapedModel, shapedAttention, shapedMlp, shapedTransformer } from "../../../shaped/models/model.js";
import { diffusion, drift } from "../../../shaped/sde.js";
import { colours, type Figure, type Row } from "../figure.js";
import { start } from "./setting.js";

const activation = { type: "shaped-relu", plus: 0, minus: -1 } as const;
const kinds: Readonly<Record<string, readonly [of: (gamma: number) => ShapedModel, stroke: string]>> = {
  MLP: [(gamma) => shapedMlp({ activation, gamma }), colours.third],
  attention: [(gamma) => shapedAttention({ gamma }), colours.network],
  transformer: [(gamma) => shapedTransformer({ attention: { gamma }, mlp: { gamma, activation } }), colours.limit],
};
const quantities = { drift: "drift, |b|", noise: "noise, √tr Σ" } as const;

export const strength: Figure = {
  name: "shaped/strength",
  about: "Sizes of drift and noise at the start against the strength γ of branches: γ controls both",
  paths: undefined,
  pieces: Object.entries(kinds).map(([model, [of]]) => ({
    name: model,
    async rows() {
      const rows: Row[] = [];
      for (let step = 0; step <= 50; step++) {
        const gamma = step / 50;
        const b = drift(of(gamma), start).data;
        const { rows: pairs, data } = diffusion(of(gamma), start);
        let trace = 0;
        for (let i = 0; i < pairs; i++) trace += data[i * (pairs + 1)]!;
        rows.push({ model, gamma, quantity: "drift", size: Math.hypot(...b) });
        rows.push({ model, gamma, quantity: "noise", size: Math.sqrt(trace) });
      }
      return rows;
    },
  })),
  draw: (plot, rows) => ({
    legend: Object.entries(kinds).map(([label, [, stroke]]) => ({ label, stroke })),
    panels: [
      Object.entries(quantities).map(([quantity, title]) => ({
        title,
        options: {
          x: { label: "γ", labelAnchor: "center" as const, ticks: 5 },
          y: { label: "size at the start", grid: true, ticks: 5, zero: true },
          marks: Object.entries(kinds).map(([model, [, stroke]]) =>
            plot.lineY(
              rows.filter((row) => row["model"] === model && row["quantity"] === quantity),
              { x: "gamma", y: "size", stroke, strokeWidth: 2 },
            ),
          ),
        },
      })),
    ],
  }),
};
