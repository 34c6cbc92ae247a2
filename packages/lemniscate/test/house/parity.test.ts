import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** What `node tools/parity.mjs --check` says in a folder; nothing if all is well. */
function problems(folder: string): string {
  try {
    execFileSync(process.execPath, ["tools/parity.mjs", "--check"], { cwd: folder, encoding: "utf8", stdio: "pipe" });
    return "";
  } catch (failure) {
    return (failure as { stderr: string }).stderr;
  }
}

test("every name of Neural Tangents has its place, and the table says so", () => {
  expect(problems(root)).toBe("");
});

test("a name that is missing, wrong, or not exported is found", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "lemniscate-parity-"));
  try {
    mkdirSync(path.join(folder, "docs"));
    cpSync(path.join(root, "tools/parity.mjs"), path.join(folder, "tools/parity.mjs"));
    cpSync(path.join(root, "docs/parity"), path.join(folder, "docs/parity"), { recursive: true });
    cpSync(path.join(root, "docs/parity.md"), path.join(folder, "docs/parity.md"));
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    const file = path.join(folder, "docs/parity/here.json");
    const here = JSON.parse(readFileSync(file, "utf8"));
    const { "stax.Relu": _, ...others } = here;
    writeFileSync(
      file,
      JSON.stringify({ ...others, "stax.Dense": { here: ["dance"] }, "stax.Nothing": { why: "no" } }),
    );
    const said = problems(folder);
    expect(said).toContain("stax.Relu is not in docs/parity/here.json");
    expect(said).toContain("stax.Dense: dance is not exported by lemniscate");
    expect(said).toContain("stax.Nothing is no name of Neural Tangents");
    expect(said).toContain("docs/parity.md is stale");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
