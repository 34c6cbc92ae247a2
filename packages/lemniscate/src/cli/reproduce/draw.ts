/** @module Drawings as SVG: Observable Plot draws panels, and they are put beside each other here. */
import { LemniscateError } from "../../core/errors.js";
import type { Drawing, Figure, LegendEntry, Row } from "./figure.js";

const [width, height, titleHeight, legendHeight, gap] = [300, 230, 24, 30, 12];

/** The plotting library and a document for it, which are no part of an installation unless someone asks for figures. */
async function library() {
  try {
    const [plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
    return { plot, document: parseHTML("<html></html>").document };
  } catch (cause) {
    throw new LemniscateError({
      code: "NotSupported",
      where: "reproduce",
      given: "an installation without @observablehq/plot and linkedom, which draw figures",
      allowed: "both, or --no-svg for the rows alone",
      mend: "npm install @observablehq/plot linkedom",
      cause,
    });
  }
}

/** Refuses at once what could not be drawn in the end. */
export async function checkLibrary(): Promise<void> {
  await library();
}

/** The figure as SVG. */
export async function draw(figure: Figure, rows: readonly Row[]): Promise<string> {
  const { plot, document } = await library();
  const { legend, panels }: Drawing = figure.draw(plot, rows);
  const columns = Math.max(...panels.map((row) => row.length));
  const top = legend.length > 0 ? legendHeight : 4;
  const [all, high] = [columns * (width + gap), top + panels.length * (titleHeight + height + gap)];
  const inside = panels.flatMap((row, j) =>
    row.map(({ title, options }, i) => {
      const [x, y] = [i * (width + gap), top + j * (titleHeight + height + gap)];
      const svg = plot.plot({
        document,
        width,
        height,
        marginLeft: 46,
        marginBottom: 36,
        ...options,
      } as Parameters<typeof plot.plot>[0]);
      svg.setAttribute("x", String(x));
      svg.setAttribute("y", String(y + titleHeight));
      const middle = x + 46 + (width - 46 - 20) / 2;
      return `<text x="${middle}" y="${y + 17}" text-anchor="middle" font-size="13">${escaped(title)}</text>\n${svg.outerHTML}`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${all}" height="${high}" viewBox="0 0 ${all} ${high}" font-family="system-ui, sans-serif" fill="#222" role="img" aria-label="${escaped(figure.about)}">
<rect width="100%" height="100%" fill="#fff"/>
${legendOf(legend)}
${inside.join("\n")}
</svg>
`;
}

function legendOf(entries: readonly LegendEntry[]): string {
  let x = 46;
  return entries
    .map(({ label, stroke, dashes, filled }) => {
      const mark = filled
        ? `<rect x="${x + 6}" y="8" width="14" height="12" fill="${stroke}" fill-opacity="0.45"/>`
        : `<line x1="${x}" x2="${x + 24}" y1="14" y2="14" stroke="${stroke}" stroke-width="2" stroke-dasharray="${dashes ?? ""}"/>`;
      const text = `<text x="${x + 30}" y="18" font-size="12">${escaped(label)}</text>`;
      x += 30 + 6.6 * label.length + 22;
      return mark + text;
    })
    .join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
