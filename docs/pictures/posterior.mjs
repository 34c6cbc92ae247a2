/** Draws docs/pictures/posterior.svg, the picture of the README: `node docs/pictures/posterior.mjs`. */
import { writeFile } from "node:fs/promises";
import { batch, dense, erf, gp, kernel, openEngine, serial } from "lemniscate";

const target = (x) => Math.sin(3 * x) * (1 - 0.2 * x);
const trainX = [-1.9, -1.6, -1.2, -0.95, -0.4, -0.3, 0.15, 0.9, 1.1, 1.25];
const testX = Array.from({ length: 241 }, (_, i) => -2.4 + (4.8 * i) / 240);
const network = serial(
  dense({ weightStd: 3, biasStd: 1.5 }),
  erf(),
  dense({ weightStd: 2, biasStd: 1 }),
  erf(),
  dense(),
);

const engine = await openEngine({ threads: 1 });
const panels = [];
for (const get of ["nngp", "ntk"]) {
  const fitted = await gp(kernel(network), batch([trainX.length, 1], trainX), trainX.map(target), {
    get,
    noise: { relative: 1e-5 },
    engine,
  });
  const { mean, variance } = await fitted.predict(batch([testX.length, 1], testX), { engine });
  panels.push({ get, mean: mean.data, std: variance.map(Math.sqrt) });
}
await engine[Symbol.asyncDispose]();

const [width, height, gap] = [380, 230, 20];
const x = (value) => 10 + ((value + 2.4) / 4.8) * (width - 20);
const y = (value) => height / 2 - value * 48 + 8;
const path = (values, at = (i) => i) =>
  values.map((value, i) => `${x(testX[at(i)]).toFixed(1)},${y(value).toFixed(1)}`).join(" ");

const drawn = panels.map(({ get, mean, std }, n) => {
  const upper = [...mean].map((m, i) => m + 2 * std[i]);
  const lower = [...mean].map((m, i) => m - 2 * std[i]);
  const backwards = [...lower].reverse();
  const last = testX.length - 1;
  const title = get === "nngp" ? "NNGP: the posterior of a Bayesian network" : "NTK: an ensemble trained to the end";
  return `<g transform="translate(${n * (width + gap)},0)">
  <text x="${width / 2}" y="18" text-anchor="middle" font-size="14">${title}</text>
  <polygon points="${path(upper)} ${path(backwards, (i) => last - i)}" fill="#4269d0" fill-opacity="0.22"/>
  <polyline points="${path(testX.map(target))}" fill="none" stroke="#888" stroke-dasharray="4 4"/>
  <polyline points="${path([...mean])}" fill="none" stroke="#4269d0" stroke-width="2"/>
  ${trainX.map((value) => `<circle cx="${x(value).toFixed(1)}" cy="${y(target(value)).toFixed(1)}" r="3.5" fill="#d9480f"/>`).join("\n  ")}
</g>`;
});

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width + gap} ${height}" font-family="system-ui, sans-serif" role="img" aria-label="Predictions of an infinitely wide erf network with two hidden layers from ten points: mean and two standard deviations, for NNGP and NTK">
<rect width="100%" height="100%" fill="#fff"/>
${drawn.join("\n")}
</svg>
`;
await writeFile(new URL("./posterior.svg", import.meta.url), svg);
