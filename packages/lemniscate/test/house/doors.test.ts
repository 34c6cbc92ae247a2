import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const fixture = fileURLToPath(new URL("../fixtures/doors/", import.meta.url));

/** The rooms of the house, and those each of them may import. The doors themselves are in biome.json. */
const doors: Record<string, readonly string[]> = {
  core: [],
  linalg: ["core"],
  ops: ["core"],
  network: ["core", "linalg", "ops"],
  program: ["core", "ops", "network"],
  engines: ["core", "ops", "program"],
  tiles: ["core", "linalg", "program", "engines", "network"],
  inference: ["core", "linalg", "types of tiles"],
  finite: ["core", "linalg", "network", "engines"],
  data: ["core", "types of linalg"],
  shaped: ["core", "linalg", "ops", "network", "engines", "finite"],
  cli: ["core", "linalg", "ops", "network", "program", "engines", "tiles", "inference", "finite", "data", "shaped"],
};
const rooms = Object.keys(doors);

/** `file: message` of every broken door under `folder`, judged by the `biome.json` found there. */
function violations(folder: string, ...files: readonly string[]): string[] {
  const biome = path.join(root, "node_modules/@biomejs/biome/bin/biome");
  const options = ["lint", "--reporter=json", "--max-diagnostics=none", "--vcs-enabled=false", ...files];
  let report: string;
  try {
    report = execFileSync(process.execPath, [biome, ...options], { cwd: folder, encoding: "utf8", stdio: "pipe" });
  } catch (failure) {
    report = (failure as { stdout: string }).stdout; // Exit code 1 is "found something".
  }
  type Report = { diagnostics: { category: string; message: string; location: { path: string } }[] };
  return (JSON.parse(report) as Report).diagnostics
    .filter(({ category }) => /plugin|noRestrictedImports|noImportCycles/.test(category))
    .map(({ message, location }) => `${location.path}: ${message}`)
    .sort();
}

const scratch: string[] = [];
afterAll(() => {
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder with the project's own lint rules: fixtures are broken on purpose, so they are checked elsewhere. */
function houseWithDoors(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "lemniscate-doors-"));
  scratch.push(folder);
  cpSync(path.join(root, "biome.json"), path.join(folder, "biome.json"));
  cpSync(path.join(root, "tools/doors"), path.join(folder, "tools/doors"), { recursive: true });
  return folder;
}

describe("doors between rooms", () => {
  test("are all kept in src", () => {
    expect(violations(root, "packages/lemniscate/src")).toEqual([]);
  });

  test("guard every room there is", () => {
    const src = path.join(root, "packages/lemniscate/src");
    const there = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rooms).toEqual(expect.arrayContaining(there.map((entry) => entry.name)));
  });

  test("stop what they should, and nothing else", () => {
    const folder = houseWithDoors();
    cpSync(path.join(fixture, "src"), path.join(folder, "src"), { recursive: true });
    expect(violations(folder)).toMatchInlineSnapshot(`
      [
        "src/core/forbidden-index.ts: Import the file that defines the name: an index is for those outside.",
        "src/core/forbidden-package.ts: core/ may import no package.",
        "src/data/forbidden-value.ts: data/ may import types of linalg/ only: write \`import type\`.",
        "src/engines/forbidden-node.ts: engines/ must run in a browser: only data/, cli/ and engines/wasm/ may import from Node.",
        "src/inference/forbidden-value.ts: inference/ may import types of tiles/ only: write \`import type\`.",
        "src/linalg/forbidden-inline-type.ts: Name the type in an \`import type\` statement, where the doors are checked.",
        "src/linalg/forbidden-type.ts: linalg/ may import core only.",
        "src/network/forbidden-dynamic.ts: network/ may import core, linalg and ops only.",
        "src/network/forbidden-package.ts: network/ may import no package but zod.",
        "src/ops/forbidden-value.ts: ops/ may import core only.",
        "src/program/forbidden-export.ts: program/ may import core, ops and network only.",
        "src/tiles/cycle-end.ts: This import is part of a cycle.",
        "src/tiles/cycle-start.ts: This import is part of a cycle.",
      ]
    `);
  });

  test("let through exactly the arrows of the plan, values and types", () => {
    const folder = houseWithDoors();
    const expected = new Set<string>();
    for (const from of rooms) {
      mkdirSync(path.join(folder, "src", from, "deeper"), { recursive: true });
      writeFileSync(path.join(folder, "src", from, "x.ts"), "export type X = number;\nexport const x: X = 1;\n");
      for (const to of rooms.filter((room) => room !== from))
        for (const [kind, statement] of [
          ["value", "import { x } from"],
          ["type", "import type { X } from"],
        ] as const)
          for (const depth of ["", "deeper/"]) {
            const file = `src/${from}/${depth}${kind}-of-${to}.ts`;
            const up = depth === "" ? ".." : "../..";
            const used = kind === "value" ? "export const y = x;" : "export type Y = X;";
            writeFileSync(path.join(folder, file), `${statement} "${up}/${to}/x.js";\n${used}\n`);
            const open = doors[from]?.includes(to) || (kind === "type" && doors[from]?.includes(`types of ${to}`));
            if (!open) expected.add(file);
          }
    }
    expect(existsSync(path.join(folder, "src/cli/deeper/value-of-core.ts"))).toBe(true);
    expect(new Set(violations(folder).map((line) => line.split(":")[0]))).toEqual(expected);
  });
});
