import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const home = new URL("../../", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", home), "utf8")) as {
  exports: Record<string, string | { types: string; default: string }>;
};

/** What a stranger can import from one entry of the built package: its values, and its types as the index lists them. */
async function surface(files: { types: string; default: string }): Promise<string[]> {
  const built = new URL(files.default, home);
  if (!existsSync(built)) throw new Error(`${fileURLToPath(built)} is missing: run "npm run build" first`);
  const values = Object.keys(await import(/* @vite-ignore */ pathToFileURL(fileURLToPath(built)).href));
  const declarations = readFileSync(new URL(files.types, home), "utf8");
  const types = [...declarations.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, all, names]) =>
    (names ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && (all !== undefined || name.startsWith("type ")))
      .map((name) => `type ${name.replace(/^type |^.* as /g, "")}`),
  );
  return [...values.sort(), ...types.sort()];
}

// A change here is a change of the published interface. If it is meant: `npx vitest run public-api -u`, and a line in
// CHANGELOG.md.
test("the package exports exactly these names", async () => {
  const entries = Object.entries(exports).filter((entry) => typeof entry[1] !== "string");
  const surfaces: Record<string, string[]> = {};
  for (const [entry, files] of entries) surfaces[entry] = await surface(files as { types: string; default: string });
  expect(surfaces).toMatchInlineSnapshot();
});
