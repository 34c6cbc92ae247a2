import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const fence = (code: string, word = ""): string => `\`\`\`ts${word}\n${code}\n\`\`\`\n`;

/** Each fence with a name; those called "wrong …" must be caught. */
const fences: readonly (readonly [name: string, fence: string])[] = [
  ["right value", fence('import { sep } from "node:path";\nsep.length; // => 1')],
  ["wrong value", fence('import { sep } from "node:path";\nsep.length; // => 2')],
  ["right value of a constant", fence("const list = [1, { a: 2 }]; // => [1, { a: 2 }]")],
  ["wrong value of a constant", fence("const list = [1, { a: 2 }]; // => [1, { a: 3 }]")],
  ["right to a millionth", fence("1 / 3; // ≈ 0.3333333\n({ a: new Float32Array([0.1]) }); // ≈ { a: [0.1] }")],
  ["wrong by more than a millionth", fence("1 / 3; // ≈ 0.33333")],
  ["wrong in one entry", fence("new Float64Array([1, 2, 3]); // ≈ [1, 2, 4]")],
  ["wrong in length", fence("[1, 2]; // ≈ [1, 2, 3]")],
  ["wrong not a number", fence("Number.NaN; // ≈ 1")],
  ["right error", fence('JSON.parse("{"); // throws JSON')],
  ["wrong error", fence('JSON.parse("{"); // throws some other text')],
  ["wrong without an error", fence('JSON.parse("{}"); // throws JSON')],
  [
    "wrong halfway",
    fence('import {\n  strict as assert,\n} from "node:assert";\nassert.equal(await Promise.resolve(1), 2);'),
  ],
  ["right without running", fence("while (true) {}", " no-run")],
];

let folder = "";
const run: { status: number; output: string } = { status: 0, output: "" };
beforeAll(() => {
  folder = mkdtempSync(path.join(root, ".doctest-power-"));
  const page = `${fences.map(([name, text]) => `# ${name}\n${text}`).join("")}# types\n${fence("const n: number = true;", " no-run")}`;
  writeFileSync(path.join(folder, "page.md"), page);
  const js = `/**\n * Says one.\n *\n * @example\n * \`\`\`ts\n * 1; // => 2\n * \`\`\`\n */\nexport const one = 1;\n`;
  writeFileSync(path.join(folder, "source.ts"), js);
  const files = ["page.md", "source.ts"].map((file) => path.join(folder, file));
  execFileSync(process.execPath, ["tools/doctest.mjs", "--out", path.join(folder, "out"), ...files], { cwd: root });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(script: string, ...args: readonly string[]): typeof run {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")));
  try {
    const output = execFileSync(process.execPath, [path.join(root, "node_modules", script), ...args], {
      cwd: root,
      env,
      encoding: "utf8",
      stdio: "pipe",
    });
    return { status: 0, output };
  } catch (failure) {
    const { status, stdout } = failure as { status: number; stdout: string };
    return { status, output: stdout };
  }
}

test("a doc-test fails exactly where the page is wrong", () => {
  const report = path.join(folder, "report.json");
  const { status } = node(
    "vitest/vitest.mjs",
    ...["run", "--config", "vitest.docs.config.ts", "--dir", path.join(folder, "out")],
    ...["--reporter=json", `--outputFile=${report}`],
  );
  expect(status).toBe(1);
  type Report = { testResults: { assertionResults: { title: string; status: string }[] }[] };
  const page = readFileSync(path.join(folder, "page.md"), "utf8").split("\n");
  const seen = (JSON.parse(readFileSync(report, "utf8")) as Report).testResults
    .flatMap((file) => file.assertionResults)
    .map(({ title, status }) => {
      const line = Number(title.split(":").at(-1));
      return `${title.includes("source.ts") ? "wrong in a source file" : page[line - 2]?.slice(2)}: ${status}`;
    });
  const names = [...fences.map(([name]) => name), "wrong in a source file"].filter((name) => !/running/.test(name));
  expect(seen.sort()).toEqual(names.map((name) => `${name}: ${/^wrong/.test(name) ? "failed" : "passed"}`).sort());
});

test("all fences are type-checked, those that do not run included", () => {
  const { status, output } = node("typescript/bin/tsc", "-p", path.join(folder, "out"), "--pretty", "false");
  expect(status).not.toBe(0);
  expect(output.match(/error TS\d+/g)).toEqual(["error TS2322"]);
});

test("an expectation that cannot be read is an error, not a pass", () => {
  const page = path.join(folder, "unread.md");
  for (const code of ["1 // => 2", "// => 2", "1; //=> 2"]) {
    writeFileSync(page, fence(code));
    const make = () =>
      execFileSync(process.execPath, ["tools/doctest.mjs", "--out", path.join(folder, "unread"), page], {
        cwd: root,
        stdio: "pipe",
      });
    expect(make).toThrow(/after a statement/);
  }
});
