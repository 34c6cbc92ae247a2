/** @module Runs the built command line as a user does. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const bin = fileURLToPath(new URL("../../bin/lemniscate.js", import.meta.url));
const built = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));
if (!existsSync(built)) throw new Error("The command line is not built: run npm run build first.");

export const fixtures: string = fileURLToPath(new URL("../fixtures/cli/", import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `lemniscate` with these arguments, by default where the fixtures are. */
export function lemniscate(args: readonly string[], cwd = fixtures): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd, encoding: "utf8" });
  return { code: status, stdout, stderr };
}

/** Runs it and sends a signal as soon as stderr says that work is being done. */
export function interrupted(args: readonly string[], cwd: string, signal: NodeJS.Signals): Promise<Run> {
  const child = spawn(process.execPath, [bin, ...args], { cwd });
  let [stdout, stderr, sent] = ["", "", false];
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
    if (!sent && stderr.includes('"progress"')) sent = child.kill(signal);
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

/** Runs it and kills it as soon as something is so. */
export async function killed(args: readonly string[], cwd: string, when: () => boolean): Promise<void> {
  const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const watch = setInterval(() => when() && child.kill("SIGKILL"), 5);
  await ended;
  clearInterval(watch);
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that is removed after the tests of the file. */
export function emptyFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "lemniscate-cli-"));
  folders.push(folder);
  return folder;
}
