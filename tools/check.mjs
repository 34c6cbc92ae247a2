// Everything `npm test` asks for, in order, up to the first failure; ends in one line "N passed, N failed".
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";

const reports = ".test-results";
/** What a step is called in package.json, and whether vitest is the last thing it runs. */
const steps = [
  { script: "build" },
  { script: "lint" },
  { script: "types" },
  { script: "test:unit", vitest: true },
  { script: "test:docs", vitest: true },
  { script: "test:package" },
];

/** Counts in vitest's report. A file that broke before its first test counts as one failure. */
const counted = (file) => {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(file, "utf8"));
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests };
};

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports);
const total = { passed: 0, failed: 0 };
for (const { script, vitest } of steps) {
  const report = `${reports}/${script.replace(":", "-")}.json`;
  const reporters = ["--", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const start = Date.now();
  console.log(`\n── npm run ${script}`);
  const npm = ["run", "--silent", script, ...(vitest ? reporters : [])];
  const { status } = spawnSync("npm", npm, {
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  let here = { passed: 0, failed: 0 };
  try {
    if (vitest) here = counted(report);
  } catch {
    here.failed = 1; // No report: vitest never got that far.
  }
  if (status !== 0 && here.failed === 0) here.failed = 1;
  if (vitest && here.passed + here.failed === 0) here.failed = 1;
  total.passed += vitest ? here.passed : 1 - here.failed;
  total.failed += here.failed;
  console.log(
    `── ${script}: ${here.failed ? "failed" : "ok"}${here.skipped ? `, ${here.skipped} skipped` : ""} after ${((Date.now() - start) / 1000).toFixed(1)} s`,
  );
  if (here.failed) break;
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed ? 1 : 0;
