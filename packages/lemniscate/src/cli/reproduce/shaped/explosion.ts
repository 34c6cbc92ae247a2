/** @module Smooth activations: tokens that shrink to a law, and tokens that explode. */
import { shapedMlp } from "../../../shaped/models/model.js";
import { covariance } from "../../../shaped/statistics/observables.js";
import { quantiles } from "../../../shaped/statistics/summary.js";
import { colours, type Figure, type Row } from "../figure.js";
import { follow, grid } from "./setting.js";

const width = 128;
const kinds = { tanh: -2, silu: 0.75 } as const;
const sources = { limit: undefined, network: width } as const;
const shares = [0.05, 0.25, 0.5, 0.75, 0.95];
const variance = covariance(0, 0);

export const explosion: Figure = {
  name: "shaped/explosion",
  about:
    "Quantiles of a variance behind smooth activations against depth over width: tanh keeps it, silu lets it explode",
  paths: 4000,
  pieces: Object.keys(kinds).flatMap((type) =>
    Object.entries(sources).map(([source, width]) => ({
      name: `${type} ${source}`,
      async rows(run) {
        const rows: Row[] = [];
        const model = shapedMlp({ activation: { type: type as keyof typeof kinds, scale: 1 } });
        for await (const snapshot of follow(
          model,
          width,
          grid(16).map((t) => 2 * t),
          run,
        )) {
          const found = quantiles(variance.of(snapshot), shares).map(({ value }) => value);
          const named = Object.fromEntries(
            shares.map((share, i) => [`q${String(share).slice(2).padEnd(2, "0")}`, found[i]!]),
          );
          rows.push({ activation: type, source, t: snapshot.t, ...named, exploded: snapshot.frozen });
        }
        return rows;
      },
    })),
  ),
  draw(plot, rows) {
    const of = (type: string, source: string): Row[] =>
      rows.filter((row) => row["activation"] === type && row["source"] === source);
    const time = { label: "depth / width", labelAnchor: "center" as const, ticks: 4 };
    return {
      legend: [
        { label: "limit: median, 25 to 75 %, 5 to 95 %", stroke: colours.limit },
        { label: `networks of width ${width}`, stroke: colours.network, dashes: "7 4" },
      ],
      panels: [
        [
          ...Object.entries(kinds).map(([type, beta]) => ({
            title: `${type}, β = ${String(beta).replace("-", "−")}`,
            options: {
              x: time,
              y: {
                label: "Vᵃᵃ",
                type: "log" as const,
                domain: [1e-3, 1e4],
                grid: true,
                clamp: true,
                ticks: [0.001, 0.01, 0.1, 1, 10, 100, 1000, 10000],
                tickFormat: "~g",
              },
              marks: [
                plot.areaY(of(type, "limit"), { x: "t", y1: "q05", y2: "q95", fill: colours.limit, fillOpacity: 0.15 }),
                plot.areaY(of(type, "limit"), { x: "t", y1: "q25", y2: "q75", fill: colours.limit, fillOpacity: 0.25 }),
                plot.lineY(of(type, "limit"), { x: "t", y: "q50", stroke: colours.limit, strokeWidth: 2 }),
                ...["q05", "q25", "q50", "q75", "q95"].map((y) =>
                  plot.lineY(of(type, "network"), { x: "t", y, stroke: colours.network, strokeDasharray: "7 4" }),
                ),
              ],
            },
          })),
          {
            title: "silu: share that has exploded",
            options: {
              x: time,
              y: { label: "share", grid: true, ticks: 5, zero: true },
              marks: [
                plot.lineY(of("silu", "limit"), { x: "t", y: "exploded", stroke: colours.limit, strokeWidth: 2 }),
                plot.lineY(of("silu", "network"), {
                  x: "t",
                  y: "exploded",
                  stroke: colours.network,
                  strokeDasharray: "7 4",
                }),
              ],
            },
          },
        ],
      ],
    };
  },
};
