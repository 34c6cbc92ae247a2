/** @module Which paths explode, and when, over strength and temperature. */
import { type ShapedModel, shapedAttention, shapedTransformer } from "../../../shaped/models/model.js";
import { mean } from "../../../shaped/statistics/summary.js";
import type { Figure, Row } from "../figure.js";
import { follow } from "./setting.js";

const gammas = [0.25, 0.35, 0.5, 0.7, 1];
const temperatures = [0.5, 0.7, 1, 2];
const kinds: Readonly<Record<string, (gamma: number, temperature: number) => ShapedModel>> = {
  attention: (gamma, temperature) => shapedAttention({ gamma, temperature }),
  transformer: (gamma, temperature) =>
    shapedTransformer({
      attention: { gamma, temperature },
      mlp: { gamma, activation: { type: "shaped-relu", plus: 0, minus: -1 } },
    }),
};

export const stopping: Figure = {
  name: "shaped/stopping",
  about:
    "Mean time at which paths explode, capped at 1, over γ and τ₀, and the share of those that do before depth/width = 1",
  paths: 4000,
  pieces: Object.entries(kinds).flatMap(([model, of]) =>
    gammas.map((gamma) => ({
      name: `${model} ${gamma}`,
      async rows(run) {
        const rows: Row[] = [];
        for (const temperature of temperatures)
          for await (const { stoppedAt, frozen } of follow(of(gamma, temperature), undefined, [1], run)) {
            const { value, error } = mean(stoppedAt.map((t) => Math.min(t, 1)));
            rows.push({ model, gamma, temperature, stopping: value, error, exploded: frozen });
          }
        return rows;
      },
    })),
  ),
  draw: (plot, rows) => ({
    legend: [],
    panels: [
      Object.keys(kinds).map((model) => {
        const own = rows.filter((row) => row["model"] === model);
        return {
          title: `${model}: mean stopping time (exploded)`,
          options: {
            x: { label: "γ", labelAnchor: "center" as const, type: "band" as const, domain: gammas },
            y: { label: "τ₀", type: "band" as const, domain: [...temperatures].reverse() },
            color: { type: "linear" as const, domain: [0.75, 1], range: ["#d9480f", "#ffffff"], clamp: true },
            marks: [
              plot.cell(own, { x: "gamma", y: "temperature", fill: "stopping", stroke: "#ccc", inset: 0.5 }),
              plot.text(own, {
                x: "gamma",
                y: "temperature",
                dy: -6,
                text: (row: Row) => two(row["stopping"]),
                fill: "#222",
              }),
              plot.text(own, {
                x: "gamma",
                y: "temperature",
                dy: 8,
                text: (row: Row) => `(${percent(Number(row["exploded"]))})`,
                fontSize: 9,
                fill: "#222",
              }),
            ],
          },
        };
      }),
    ],
  }),
};

const two = (value: string | number | undefined): string => Number(value).toFixed(2);
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.001 && share > 0 ? 2 : 1)} %`;
