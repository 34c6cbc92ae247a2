/** @module The limit beside networks of two widths: quantiles of a correlation against depth over width. */
import { correlation } from "../../../shaped/statistics/observables.js";
import { quantiles } from "../../../shaped/statistics/summary.js";
import { colours, type Figure, type Row } from "../figure.js";
import { follow, grid, models } from "./setting.js";

const widths = [undefined, 128, 16] as const;
const rho = correlation(0, 1);

export const limit: Figure = {
  name: "shaped/limit",
  about:
    "Quantiles of a correlation of two tokens against depth over width: the limit, and networks of width 16 and 128",
  paths: 8000,
  pieces: Object.entries(models).flatMap(([model, of]) =>
    widths.map((width) => ({
      name: `${model} ${width ?? "limit"}`,
      async rows(run) {
        const rows: Row[] = [];
        for await (const snapshot of follow(of, width, grid(16), run)) {
          const [q05, q50, q95] = quantiles(rho.of(snapshot), [0.05, 0.5, 0.95]).map(({ value }) => value);
          rows.push({ model, source: width ?? "limit", t: snapshot.t, q05: q05!, q50: q50!, q95: q95! });
        }
        return rows;
      },
    })),
  ),
  draw: (plot, rows) => ({
    legend: [
      { label: "limit: median, 5 to 95 %", stroke: colours.limit },
      { label: "networks of width 128", stroke: colours.network, dashes: "7 4" },
      { label: "networks of width 16", stroke: colours.network, dashes: "2 3" },
    ],
    panels: [
      Object.keys(models).map((model) => {
        const of = (source: string | number): Row[] =>
          rows.filter((row) => row["model"] === model && row["source"] === source);
        const lines = [128, 16].flatMap((width) =>
          ["q05", "q50", "q95"].map((y) =>
            plot.lineY(of(width), {
              x: "t",
              y,
              stroke: colours.network,
              strokeDasharray: width === 16 ? "2 3" : "7 4",
            }),
          ),
        );
        return {
          title: `shaped ${model}`,
          options: {
            x: { label: "depth / width", labelAnchor: "center" as const, ticks: 5 },
            y: { label: "correlation of two tokens", domain: [-1, 1], grid: true, ticks: 5 },
            marks: [
              plot.areaY(of("limit"), { x: "t", y1: "q05", y2: "q95", fill: colours.limit, fillOpacity: 0.18 }),
              plot.lineY(of("limit"), { x: "t", y: "q50", stroke: colours.limit, strokeWidth: 2 }),
              ...lines,
            ],
          },
        };
      }),
    ],
  }),
};
