// npm packs only what lies beside the package's own package.json, so the shared texts are copied there (git-ignored).
import { copyFileSync, existsSync } from "node:fs";

for (const file of ["README.md", "LICENSE", "CHANGELOG.md"]) {
  const original = new URL(`../${file}`, import.meta.url);
  if (existsSync(original)) copyFileSync(original, new URL(`../packages/lemniscate/${file}`, import.meta.url));
}
