/** @module Single paths of a correlation: the limit's look as those of networks do. */
import { correlation } from "../../../shaped/statistics/observables.js";
import { colours, type Figure, type Row } from "../figure.js";
import { follow, grid, models } from "./setting.js";

const width = 128;
const sources = { limit: undefined, network: width } as const;
const titles = { limit: "limit", network: `networks of width ${width}` } as const;
const rho = correlation(0, 1);

export const paths: Figure = {
  name: "shaped/paths",
  about: `Single paths of a correlation of two tokens against depth over width: in the limit, and in networks of width ${width}`,
  paths: 6,
  pieces: Object.entries(sources).flatMap(([source, width]) =>
    Object.entries(models).map(([model, of]) => ({
      name: `${model} ${source}`,
      async rows(run) {
        const rows: Row[] = [];
        for await (const snapshot of follow(of, width, grid(128), run, { step: 1 / 128 }))
          for (const [path, value] of rho.of(snapshot).entries())
            rows.push({ model, source, path, t: snapshot.t, rho: value });
        return rows;
      },
    })),
  ),
  draw: (plot, rows) => ({
    legend: [],
    panels: Object.entries(titles).map(([source, title]) =>
      Object.keys(models).map((model) => ({
        title: `${model}, ${title}`,
        options: {
          x: { label: "depth / width", labelAnchor: "center" as const, ticks: 5 },
          y: { label: "correlation of two tokens", domain: [-1, 1], grid: true, ticks: 5 },
          marks: [
            plot.lineY(
              rows.filter((row) => row["model"] === model && row["source"] === source),
              {
                x: "t",
                y: "rho",
                z: "path",
                stroke: source === "limit" ? colours.limit : colours.network,
                strokeOpacity: 0.8,
                strokeWidth: 1.2,
              },
            ),
          ],
        },
      })),
    ),
  }),
};
