/** Draws docs/pictures/shaped-*.svg, the pictures of docs/shaped.md: `node docs/pictures/shaped.mjs`, about two minutes. */
import { writeFile } from "node:fs/promises";
import {
  correlated,
  correlation,
  mean,
  quantiles,
  shapedAttention,
  shapedMlp,
  shapedTransformer,
  simulate,
  solveSde,
  unshapedTransformer,
} from "lemniscate/shaped";

const [blue, orange, grey] = ["#4269d0", "#d9480f", "#777"];
const [width, height, left, bottom, top] = [250, 210, 34, 34, 28];
const start = correlated(0.2, 3);
const rho = correlation(0, 1);

/** A panel with axes; `x` and `y` map numbers into it. */
function panel(n, title, [x0, x1], [y0, y1], xLabel, ticksX, ticksY) {
  const x = (value) => left + ((value - x0) / (x1 - x0)) * (width - left - 12);
  const y = (value) => height - bottom - ((value - y0) / (y1 - y0)) * (height - bottom - top);
  const ticks = [
    ...ticksX.map(
      (value) =>
        `<text x="${x(value)}" y="${height - bottom + 14}" text-anchor="middle" font-size="10" fill="${grey}">${value}</text>`,
    ),
    ...ticksY.map(
      (value) => `<line x1="${x(x0)}" x2="${x(x1)}" y1="${y(value)}" y2="${y(value)}" stroke="#e4e4e4"/>
<text x="${left - 5}" y="${y(value) + 3.5}" text-anchor="end" font-size="10" fill="${grey}">${value}</text>`,
    ),
  ];
  const frame = (content) => `<g transform="translate(${n * width},0)">
<text x="${(left + width - 12) / 2}" y="17" text-anchor="middle" font-size="13">${title}</text>
${ticks.join("\n")}
<text x="${(left + width - 12) / 2}" y="${height - 6}" text-anchor="middle" font-size="11" fill="${grey}">${xLabel}</text>
${content.join("\n")}
</g>`;
  const points = (rows) => rows.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
  return { x, y, frame, points };
}

async function write(name, label, panels, legend) {
  const entries = legend.map(([text, mark], i) => {
    const at = left + i * ((panels.length * width - left) / Math.max(4, legend.length));
    return `<g transform="translate(${at},${height + 14})">${mark}<text x="26" y="4" font-size="11">${text}</text></g>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${panels.length * width} ${height + 28}" font-family="system-ui, sans-serif" role="img" aria-label="${label}">
<rect width="100%" height="100%" fill="#fff"/>
${panels.join("\n")}
${entries.join("\n")}
</svg>
`;
  await writeFile(new URL(`./shaped-${name}.svg`, import.meta.url), svg);
}
const stroke = (colour, dash = "") =>
  `<line x1="0" x2="20" y1="0" y2="0" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`;

async function* bands(run) {
  for await (const snapshot of run) {
    const [low, middle, high] = quantiles(rho.of(snapshot), [0.05, 0.5, 0.95]).map(({ value }) => value);
    yield { t: snapshot.t, low, middle, high };
  }
}

// The limit and two widths, quantiles of a correlation.
const relu = { type: "shaped-relu", plus: 1, minus: -1 };
const models = {
  "shaped ReLU MLP": shapedMlp({ activation: relu }),
  "shaped attention": shapedAttention({ gamma: 0.5, temperature: 1 }),
  "shaped transformer": shapedTransformer({
    attention: { gamma: 0.35, temperature: 1 },
    mlp: { gamma: 0.35, activation: { type: "shaped-relu", plus: 2, minus: -2 } },
  }),
};
const times = Array.from({ length: 17 }, (_, i) => i / 16);
const limitPanels = [];
for (const [name, model] of Object.entries(models)) {
  const limit = await Array.fromAsync(bands(solveSde(model, { start, times, paths: 20_000, seed: 1 })));
  const p = panel(limitPanels.length, name, [0, 1], [-1, 1], "depth / width", [0, 0.5, 1], [-1, -0.5, 0, 0.5, 1]);
  const content = [
    `<polygon points="${p.points([...limit.map(({ t, high }) => [t, high]), ...limit.map(({ t, low }) => [t, low]).reverse()])}" fill="${blue}" fill-opacity="0.18"/>`,
    `<polyline points="${p.points(limit.map(({ t, middle }) => [t, middle]))}" fill="none" stroke="${blue}" stroke-width="2"/>`,
  ];
  for (const [n, dash] of [
    [16, "2 3"],
    [128, "7 4"],
  ]) {
    const network = await Array.fromAsync(bands(simulate(model, { start, width: n, times, paths: 4000, seed: 2 })));
    for (const key of ["low", "middle", "high"])
      content.push(
        `<polyline points="${p.points(network.map((row) => [row.t, row[key]]))}" fill="none" stroke="${orange}" stroke-width="1.5" stroke-dasharray="${dash}"/>`,
      );
  }
  limitPanels.push(p.frame(content));
}
await write(
  "limit",
  "Quantiles of the correlation of two tokens against depth over width, in the limit and in networks of width 16 and 128, for a shaped MLP, attention and transformer",
  limitPanels,
  [
    ["limit: median, 5 to 95 %", stroke(blue)],
    ["networks of width 128", stroke(orange, "7 4")],
    ["networks of width 16", stroke(orange, "2 3")],
  ],
);

// Rank collapse: the mean correlation against the layer.
const [n, depth] = [128, 128];
const layers = Array.from({ length: 17 }, (_, i) => i * 8);
const unshaped = (options) => unshapedTransformer({ attention: { strength: 1 }, mlp: { strength: 1 }, ...options });
const kinds = [
  ["no residual", unshaped({ residual: false })],
  ["residual", unshaped({})],
  ["residual/√depth", unshaped({ scaling: "depth" })],
  ["shaped", models["shaped transformer"]],
];
const collapse = panel(
  0,
  "mean correlation, width 128",
  [0, depth],
  [0, 1],
  "layer",
  [0, 64, 128],
  [0, 0.25, 0.5, 0.75, 1],
);
const colours = ["#999", orange, "#3a7d44", blue];
const lines = [];
for (const [i, [, model]] of kinds.entries()) {
  const rows = [];
  const run = simulate(model, {
    start,
    width: n,
    depth,
    times: layers.map((l) => l / n),
    paths: 1000,
    seed: 3,
    radius: 1e280,
  });
  for await (const snapshot of run) rows.push([snapshot.steps, mean(rho.of(snapshot)).value]);
  lines.push(`<polyline points="${collapse.points(rows)}" fill="none" stroke="${colours[i]}" stroke-width="2"/>`);
}

// Which paths explode, and when.
const [gammas, temperatures] = [
  [0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
  [0.5, 0.7, 1, 1.4, 2],
];
const map = panel(1, "mean stopping time", [0, gammas.length], [0, temperatures.length], "γ", [], []);
const cells = [];
for (const [i, gamma] of gammas.entries())
  for (const [j, temperature] of temperatures.entries())
    for await (const { stoppedAt } of solveSde(shapedAttention({ gamma, temperature }), {
      start,
      paths: 4000,
      seed: 4,
    })) {
      const { value } = mean(stoppedAt.map((t) => Math.min(t, 1)));
      const [x, y] = [map.x(i), map.y(j + 1)];
      const shade = Math.round(255 - Math.min(1, (1 - value) / 0.15) * 170);
      cells.push(
        `<rect x="${x}" y="${y}" width="${map.x(1) - map.x(0)}" height="${map.y(0) - map.y(1)}" fill="rgb(255,${shade},${shade - 10})" stroke="#fff"/>`,
        `<text x="${(x + map.x(i + 1)) / 2}" y="${(y + map.y(j)) / 2 + 4}" text-anchor="middle" font-size="10">${value.toFixed(value > 0.9995 ? 0 : 3).replace("0.", ".")}</text>`,
      );
    }
cells.push(
  ...gammas.map(
    (gamma, i) =>
      `<text x="${map.x(i + 0.5)}" y="${height - bottom + 14}" text-anchor="middle" font-size="10" fill="${grey}">${gamma}</text>`,
  ),
  ...temperatures.map(
    (temperature, j) =>
      `<text x="${left - 5}" y="${map.y(j + 0.5) + 3.5}" text-anchor="end" font-size="10" fill="${grey}">${temperature}</text>`,
  ),
  `<text x="${left - 14}" y="22" font-size="11" fill="${grey}">τ₀</text>`,
);

// The same paths, counted.
const share = panel(
  2,
  "share of paths that explode",
  [0.2, 0.7],
  [0, 0.3],
  "γ, at τ₀ = 0.5, 1, 2",
  gammas,
  [0, 0.1, 0.2, 0.3],
);
const shares = [];
for (const [i, temperature] of [0.5, 1, 2].entries()) {
  const rows = [];
  for (const gamma of gammas)
    for await (const snapshot of solveSde(shapedAttention({ gamma, temperature }), { start, paths: 4000, seed: 4 }))
      rows.push([gamma, snapshot.frozen]);
  shares.push(
    `<polyline points="${share.points(rows)}" fill="none" stroke="${blue}" stroke-width="2" stroke-dasharray="${["", "7 4", "2 3"][i]}"/>`,
  );
}
await write(
  "collapse",
  "Left, the correlation of two tokens against the layer: without residuals it is 1 after a few layers, with them it nears 1, shaped it stays below. Middle and right, mean stopping times and shares of exploding paths of shaped attention over gamma and temperature",
  [collapse.frame(lines), map.frame(cells), share.frame(shares)],
  kinds.map(([name], i) => [name, stroke(colours[i])]),
);
