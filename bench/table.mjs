/** @module What was measured, as lines of text. */

const missing = "–";
const show = (value, text) => (value === undefined || Number.isNaN(value) ? missing : text(value));
const seconds = (value) => show(value, (s) => (s < 0.1 ? `${(1000 * s).toFixed(1)} ms` : `${s.toFixed(2)} s`));
const times = (value) => show(value, (ratio) => `${ratio.toFixed(ratio < 9.95 ? 1 : 0)}×`);
const percent = (value) => show(value, (share) => `${Math.round(100 * share)} %`);
const megabytes = (value) => show(value, (size) => String(Math.round(size)));
const gigaflops = (value) => `${(value / 1e9).toFixed(1)} GFLOP/s`;
const tiny = ({ apart }) => apart.toExponential(0);

const mark = (ratio, target) => (ratio >= target ? "✓" : "✗");

/** A ratio beside what it is to be. */
const judged = (ratio, target) => {
  if (target === undefined) return times(ratio);
  return `${times(ratio)} ${ratio === undefined ? " " : mark(ratio, target)} ≥ ${String(target).padStart(3)}×`;
};

/** Title, width (negative: to the left) and text of each column. */
function columnsFor(machines, names) {
  const [{ precisions }, ...others] = machines;
  return [
    ["workload", -Math.max(...names.map(({ length }) => length)), ({ name }) => name],
    ["type", -4, ({ precision }) => precision],
    ["ours", 8, ({ ours }) => seconds(ours?.wall)],
    ["cpu", 8, ({ ours }) => seconds(ours?.cpu)],
    ["peer", 8, ({ peer }) => seconds(peer?.wall)],
    ["cpu", 8, ({ peer }) => seconds(peer?.cpu)],
    [
      "faster",
      14,
      ({ ours, peer, target, precision }) => judged(peer && peer.wall / ours.wall, target.time[precision]),
    ],
    [
      "256 bits",
      8,
      ({ paired, peer, target, precision }) => {
        const ratio = paired && peer && peer.wall / paired.wall;
        return `${times(ratio)} ${ratio === undefined || target === undefined ? " " : mark(ratio, target.time[precision])}`;
      },
    ],
    ["MB", 5, ({ ours }) => megabytes(ours?.peak)],
    ["peer", 5, ({ peer }) => megabytes(peer?.peak)],
    ["smaller", 14, ({ ours, peer, target }) => judged(peer && peer.peak / ours.peak, target.memory)],
    ["expected", 8, ({ ours, expected }) => times(ours && expected && expected / ours.wall)],
    ["threads", 7, ({ ours, single, threads }) => percent(single && single.wall / ours.wall / threads)],
    [
      "of peak",
      7,
      ({ ours, fresh, precision, operations }) =>
        fresh ? missing : percent(ours && operations && operations / ours.wall / precisions[precision].all),
    ],
    ...others.map(({ node }, i) => [
      `on ${node}`,
      Math.max(8, node.length + 3),
      ({ ours, beside }) => show(beside && beside[i].wall / ours.wall, (ratio) => `${ratio.toFixed(2)}×`),
    ]),
    ["K, Θ differ by", 14, ({ errors }) => show(errors, ({ nngp, ntk }) => `${tiny(nngp)}, ${tiny(ntk)}`)],
  ];
}

/** The header of a table and a function that makes a line of each row. */
export function table(machines, names) {
  const columns = columnsFor(machines, names);
  const line = (cells) =>
    cells
      .map((cell, i) => (columns[i][1] < 0 ? cell.padEnd(-columns[i][1]) : cell.padStart(columns[i][1])))
      .join("  ")
      .trimEnd();
  return {
    header: line(columns.map(([title]) => title)),
    describe: (row) => {
      const text = line(columns.map(([, , cell]) => cell(row)));
      return row.failed === undefined ? text : `${text}\n  ✗ no times: ${row.failed}`;
    },
  };
}

export function describeMachine({ processor, cores, load }, machines) {
  const lines = [`${processor ?? "unknown processor"}, ${cores} cores, load ${load.toFixed(1)}`];
  for (const { node, fma, precisions } of machines) {
    lines.push("", `Node ${node}, ${fma ? "with" : "without"} fused multiply-add`);
    for (const [precision, { one, all, products, chain, paired }] of Object.entries(precisions)) {
      lines.push(
        `  ${precision}  peak ${gigaflops(one)} on one thread, ${gigaflops(all)} on all`,
        `       S × S products, share of peak: ${products.map(({ S, share }) => `${percent(share)} (S = ${S})`).join(", ")}`,
        `       elementwise chain of 10 ReLU layers: ${chain.slowdown.toFixed(1)}× as long as its arithmetic alone ` +
          `(${chain.sqrt} square roots, ${chain.div} divisions and ${chain.simple} others)`,
      );
      if (paired === undefined) continue;
      const faster = paired.products.map((product) => `${times(product.faster)} (S = ${product.S})`).join(", ");
      lines.push(`       in 256 bits: products ${faster}, the chain ${times(paired.chain)} as fast`);
    }
  }
  return `${lines.join("\n")}\n`;
}
