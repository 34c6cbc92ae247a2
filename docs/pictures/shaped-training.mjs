/**
 * Draws docs/pictures/shaped-training.svg, loss curves of networks in training, from the rows of `lemniscate shaped train`:
 * `node docs/pictures/shaped-training.mjs docs/pictures/shaped-training.jsonl`.
 */
import { readFile, writeFile } from "node:fs/promises";

const rows = (await readFile(process.argv[2], "utf8")).trim().split("\n").map(JSON.parse);
const all = {
  shaped: "#4269d0",
  "shaped, γ = 0.2": "#8fb3ff",
  "residual/√depth": "#3a7d44",
  residual: "#d9480f",
  "no residual": "#999",
};
const kinds = Object.fromEntries(Object.entries(all).filter(([kind]) => rows.some(({ model }) => model === kind)));
const [width, height, left, bottom, top, grey] = [250, 220, 34, 34, 28, "#777"];
const [low, high] = [0.5, 2.3];
const depths = [...new Set(rows.map(({ depth }) => depth))];
const last = Math.max(...rows.map(({ step }) => step));
const x = (step) => left + (step / last) * (width - left - 12);
const y = (loss) => height - bottom - ((loss - low) / (high - low)) * (height - bottom - top);
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** A line as far as it is in the panel. */
function line(points, stroke, rest) {
  const shown = points.map(([step, loss]) => [x(step), y(Math.min(loss, 1e3))]);
  const text = shown.map((point) => point.map((value) => value.toFixed(1)).join()).join(" ");
  return `<polyline points="${text}" fill="none" stroke="${stroke}" ${rest}/>`;
}

const panels = depths.map((depth, n) => {
  const content = [];
  for (const loss of [0.5, 1, 1.5, 2])
    content.push(
      `<line x1="${x(0)}" x2="${x(last)}" y1="${y(loss)}" y2="${y(loss)}" stroke="#e4e4e4"/>`,
      `<text x="${left - 5}" y="${y(loss) + 3.5}" text-anchor="end" font-size="10" fill="${grey}">${loss}</text>`,
    );
  for (const step of [0, last / 2, last])
    content.push(
      `<text x="${x(step)}" y="${height - bottom + 14}" text-anchor="middle" font-size="10" fill="${grey}">${step}</text>`,
    );
  const lines = [];
  for (const [kind, stroke] of Object.entries(kinds)) {
    const own = rows.filter((row) => row.depth === depth && row.model === kind && row.loss !== null);
    const seeds = [...new Set(own.map(({ seed }) => seed))];
    for (const seed of seeds)
      lines.push(
        line(
          own.filter((row) => row.seed === seed).map(({ step, testLoss }) => [step, testLoss]),
          stroke,
          'stroke-opacity="0.35"',
        ),
      );
    const steps = [...new Set(own.map(({ step }) => step))];
    const means = steps.map((step) => [step, mean(own.filter((row) => row.step === step).map((row) => row.testLoss))]);
    lines.push(line(means, stroke, 'stroke-width="2.2"'));
    const end = means.at(-1)?.[1];
    if (end > high)
      lines.push(
        `<text x="${x(last)}" y="${top + 11}" text-anchor="end" font-size="10" fill="${stroke}">${kind}: 10<tspan dy="-4" font-size="8">${Math.round(Math.log10(end))}</tspan><tspan dy="4"> ↑</tspan></text>`,
      );
  }
  return `<g transform="translate(${n * width},0)">
<clipPath id="panel${n}"><rect x="${left}" y="${top}" width="${width - left - 12}" height="${height - bottom - top}"/></clipPath>
<text x="${(left + width - 12) / 2}" y="17" text-anchor="middle" font-size="13">${depth} layers</text>
${content.join("\n")}
<g clip-path="url(#panel${n})">
${lines.join("\n")}
</g>
<text x="${(left + width - 12) / 2}" y="${height - 6}" text-anchor="middle" font-size="11" fill="${grey}">step</text>
</g>`;
});
const legend = Object.entries(kinds).map(
  ([kind, stroke], i) =>
    `<g transform="translate(${left + i * 145},${height + 14})"><line x2="20" stroke="${stroke}" stroke-width="2"/><text x="26" y="4" font-size="11">${kind}</text></g>`,
);
const label = `Loss on test questions against steps of training, for networks of ${depths.join(", ")} layers: shaped ones and those with branches over the square root of the depth learn at every depth; without these the loss is huge in deep networks, and without residuals it stays where it was`;
await writeFile(
  new URL("./shaped-training.svg", import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${depths.length * width} ${height + 28}" font-family="system-ui, sans-serif" role="img" aria-label="${label}">
<rect width="100%" height="100%" fill="#fff"/>
${panels.join("\n")}
${legend.join("\n")}
</svg>
`,
);
