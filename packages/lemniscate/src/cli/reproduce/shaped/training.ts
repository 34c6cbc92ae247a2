/** @module Networks in training: what depth does to learning, with shaping and without. */
import { trainClassifier } from "../../../shaped/training/train.js";
import { trecTask } from "../../commands/shaped/questions.js";
import { examples } from "../../commands/shaped/train.js";
import { colours, type Figure, type Row } from "../figure.js";

const [width, steps, depths] = [32, 200, [4, 16, 48]] as const;
const [lowest, highest] = [0.5, 2.3];
const strokes: Readonly<Record<string, readonly [stroke: string, dashes: string]>> = {
  shaped: [colours.limit, ""],
  "residual/√depth": [colours.third, "10 3 2 3"],
  residual: [colours.network, "7 4"],
  "no residual": [colours.other, "2 3"],
};

export const training: Figure = {
  name: "shaped/training",
  about: `Loss on test questions of TREC against steps of training, networks of width ${width} and ${depths.join(", ")} layers: shaped, and unshaped with and without residuals`,
  paths: 3,
  data: "TREC.train and TREC.test",
  pieces: depths.flatMap((depth) =>
    Object.entries(examples).map(([model, data]) => ({
      name: `${model}, ${depth} layers`,
      async rows({ paths, seed: first, signal, onProgress, data: files }) {
        const task = await trecTask({ ...files!, maxTokens: 10 });
        const rows: Row[] = [];
        for (let seed = first; seed < first + paths; seed++) {
          const options = { width, depth, steps, every: 25, batchSize: 16, learningRate: 0.03, seed, signal };
          const progress = (done: number, total: number): void =>
            onProgress((seed - first) * total + done, paths * total);
          // JSON has no infinity, which is the loss of training that has diverged.
          for await (const report of trainClassifier(data, task, { ...options, onProgress: progress }))
            rows.push({
              model,
              depth,
              seed,
              ...report,
              loss: Math.min(report.loss, 1e300),
              testLoss: Math.min(report.testLoss, 1e300),
            });
        }
        return rows;
      },
    })),
  ),
  draw: (plot, rows) => ({
    legend: Object.entries(strokes).map(([label, [stroke, dashes]]) => ({ label, stroke, dashes })),
    panels: [
      depths.map((depth) => ({
        title: `${depth} layers`,
        options: {
          x: { label: "step", labelAnchor: "center" as const, ticks: 4 },
          y: { label: "test loss", domain: [lowest, highest], grid: true, ticks: 5 },
          marks: Object.entries(strokes).flatMap(([model, [stroke, strokeDasharray]]) => {
            const own = rows.filter((row) => row["model"] === model && row["depth"] === depth);
            const means = meansOf(own);
            const end = means.at(-1)?.["testLoss"] as number;
            const beyond = `${model}: ${power(end)} ↑`;
            return [
              plot.line(own, { x: "step", y: inSight, z: "seed", stroke, strokeOpacity: 0.35, clip: true }),
              plot.line(means, { x: "step", y: inSight, stroke, strokeWidth: 2, strokeDasharray, clip: true }),
              plot.text(end > highest ? [beyond] : [], {
                x: steps,
                y: highest,
                text: (x: string) => x,
                textAnchor: "end",
                dy: 8,
                fill: stroke,
              }),
            ];
          }),
        },
      })),
    ],
  }),
};

/** Viewers lose their way in coordinates of 10¹⁴. */
const inSight = ({ testLoss }: Row): number => Math.min(testLoss as number, 100);

/** 8e9 → 10¹⁰. */
function power(x: number): string {
  return `10${[...String(Math.round(Math.log10(x)))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")}`;
}

/** Means over seeds at each step. */
function meansOf(rows: readonly Row[]): Row[] {
  return [...new Set(rows.map(({ step }) => step!))].map((step) => {
    const all = rows.filter((row) => row["step"] === step).map((row) => row["testLoss"] as number);
    return { step, testLoss: all.reduce((x, y) => x + y, 0) / all.length };
  });
}
