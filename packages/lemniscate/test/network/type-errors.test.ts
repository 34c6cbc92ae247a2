/** @module Misplaced layers are refused by the type checker, which says why: lines are compiled, and messages read. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = path.join(root, "node_modules", `.type-errors-${process.pid}`);
const compiler = path.join(root, "../../node_modules/typescript/bin/tsc");

const cases: readonly { readonly line: string; readonly reason: string }[] = [
  { line: "serial(globalAvgPool(), attention())", reason: "attention needs tokens, but is given features" },
  { line: "serial(dense(), flatten(), conv({ filter: 3 }))", reason: "conv needs tokens, but is given features" },
  { line: "serial(globalAvgPool(), avgPool({ filter: 2 }))", reason: "avgPool needs tokens, but is given features" },
  {
    line: "serial(conv({ filter: 3 }), relu(), sumPool({ filter: 2 }), relu())",
    reason: "relu needs Gaussian input: put dense() or attention() before it",
  },
  { line: "serial(dense(), flatten(), globalSumPool())", reason: "globalSumPool needs tokens, but is given features" },
  { line: "serial(globalAvgPool(), globalAvgPool())", reason: "globalAvgPool needs tokens, but is given features" },
  {
    line: "serial(dense(), relu(), gelu())",
    reason: "gelu needs Gaussian input: put dense() or attention() before it",
  },
  {
    line: "serial(dense(), dropout({ drop: 0.1 }), sin())",
    reason: "sin needs Gaussian input: put dense() or attention() before it",
  },
  {
    line: "serial(dense(), globalAvgPool(), relu(), erf())",
    reason: "erf needs Gaussian input: put dense() before it",
  },
  { line: "kernel(relu())", reason: "relu needs Gaussian input: put dense() or attention() before it" },
  {
    line: "kernel(serial(relu(), dense(), globalAvgPool()))",
    reason: "relu needs Gaussian input: put dense() or attention() before it",
  },
  {
    line: "kernel(attention())",
    reason: "the network ends with tokens: put globalAvgPool() or flatten() before the readout",
  },
  {
    line: "kernel(serial(attention(), relu(), dense()))",
    reason: "the network ends with tokens: put globalAvgPool() or flatten() before the readout",
  },
  {
    line: "residual(dense(), relu())",
    reason: "a sum needs branches that end Gaussian: end them with dense() or attention()",
  },
  {
    line: "parallel(dense(), dropout({ drop: 0.5 }))",
    reason: "a sum needs branches that end Gaussian: end them with dense() or attention()",
  },
  {
    line: "parallel(identity(), serial(dense(), globalAvgPool()))",
    reason: "the branches of a sum end differently: Gaussian tokens and Gaussian features",
  },
  {
    line: "kernel(residual(dense()))",
    reason: "a sum needs branches that end Gaussian: end them with dense() or attention()",
  },
  {
    line: "repeat(serial(dense(), relu(), relu()), 2)",
    reason: "relu needs Gaussian input: put dense() or attention() before it",
  },
  // A control: the first error of a line that is right would be a mistake of this test.
  { line: "kernel(serial(dense(), relu(), dense()))", reason: "" },
  {
    line: "kernels({ fine: dense(), wrong: serial(dense(), attention()) })",
    reason: "the network ends with tokens: put globalAvgPool() or flatten() before the readout",
  },
  {
    line: "kernels({ first: dense(), second: relu() })",
    reason: "relu needs Gaussian input: put dense() or attention() before it",
  },
  { line: "kernels(depths(serial(repeat(serial(dense(), relu()), 2), dense())))", reason: "" },
];

let messages: ReadonlyMap<number, string>;

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  const names =
    "attention, avgPool, conv, dense, depths, dropout, erf, flatten, gelu, globalAvgPool, globalSumPool, identity, kernel, kernels, layerNorm, parallel, relu, repeat, residual, serial, sin, sumPool";
  writeFileSync(
    path.join(folder, "lines.ts"),
    `import { ${names} } from "lemniscate";\nexport const lines = [\n${cases.map(({ line }) => `  () => ${line},`).join("\n")}\n];\n`,
  );
  writeFileSync(
    path.join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: path.join(root, "test/tsconfig.json"),
      compilerOptions: { types: [], rootDir: root, noErrorTruncation: true, isolatedDeclarations: false },
      files: ["lines.ts"],
      include: [],
    }),
  );
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", folder, "--pretty", "false"], { encoding: "utf8" });
  const found = new Map<number, string>();
  let at = -1;
  for (const text of stdout.split("\n")) {
    const place = /lines\.ts\((\d+),\d+\): error/.exec(text);
    if (place !== null) at = Number(place[1]) - 3;
    else if (!text.startsWith(" ")) continue;
    found.set(at, `${found.get(at) ?? ""}${text}\n`);
  }
  messages = found;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(cases.map((of, at) => ({ ...of, at })))("$line", ({ at, reason }) => {
  if (reason === "") expect(messages.get(at)).toBeUndefined();
  else expect(messages.get(at)).toContain(`"${reason}"`);
});
