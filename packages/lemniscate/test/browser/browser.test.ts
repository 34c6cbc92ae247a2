import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, executable, openBrowser, serve } from "./chromium.js";
import { compute, names, networks, paths } from "./page/cases.js";
import type { Page } from "./page/page.js";

const missing = "no Chromium here: install it, or set LEMNISCATE_CHROMIUM to its path";
if (executable === undefined) console.warn(`browser tests are skipped, ${missing}`);

/** What the page has put where the test can call it. */
declare const page: Page;

const folder = mkdtempSync(path.join(tmpdir(), "lemniscate-browser-"));
let browser: Browser | undefined;
beforeAll(async () => {
  if (executable === undefined) return;
  await bundle(folder);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Within a few units in the last place: browsers may lack the fused multiply-add that Node has, or the reverse. */
function expectClose(found: readonly number[], wanted: readonly number[], tolerance: number): void {
  expect(found.length).toBe(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  for (const [i, value] of wanted.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(tolerance * largest);
}

describe.skipIf(executable === undefined).each([
  ["a page that is cross-origin isolated", true],
  ["a page that is not", false],
])(`in Chromium, on %s${executable === undefined ? ` (${missing})` : ""}`, (_, isolated) => {
  let tab: Tab;
  let server: Awaited<ReturnType<typeof serve>>;
  const failures: string[] = [];
  beforeAll(async () => {
    server = await serve(folder, isolated);
    tab = await browser!.newPage();
    tab.on("pageerror", ({ message }) => failures.push(message));
    tab.on("console", (message) => void (message.type() === "error" && failures.push(message.text())));
    await tab.goto(server.address);
    await tab.waitForFunction("globalThis.page !== undefined");
  });
  afterAll(async () => {
    await tab.close();
    await server[Symbol.asyncDispose]();
  });

  test("threads compute, whether they may share memory or not", async () => {
    const about = await tab.evaluate(() => ({
      isolated: globalThis.crossOriginIsolated,
      cores: navigator.hardwareConcurrency,
    }));
    expect(about.isolated).toBe(isolated);
    const { threads } = await tab.evaluate(() => page.compute("dense", "f64"));
    expect(threads).toBe(about.cores);
  });

  test.each(names.flatMap((name) => [[name, "f64", 1e-12] as const, [name, "f32", 1e-5] as const]))(
    "%s kernels in %s are those of Node",
    async (name, precision, tolerance) => {
      const found = await tab.evaluate(([name, precision]) => page.compute(name, precision), [
        name,
        precision,
      ] as const);
      const wanted = await compute(name, precision);
      expectClose(found.nngp, wanted.nngp, tolerance);
      expectClose(found.ntk, wanted.ntk, tolerance);
    },
  );

  test("paths of covariances are those of Node", async () => {
    expectClose(await tab.evaluate(() => page.paths()), await paths(), 1e-9);
  });

  test("random networks are those of Node, drawn by threads whether memory is shared or not", async () => {
    const { nngp, started } = await tab.evaluate(() => page.networks());
    expectClose(nngp, await networks(), 1e-9);
    expect(started).toBe(2);
  });

  test("whoever aborts is heard, and the engine goes on", async () => {
    const { refused, tiles, next } = await tab.evaluate(() => page.abort());
    expect(refused).toBe("stopped by hand");
    expect(tiles).toBe(1);
    expectClose(next.ntk, (await compute("dense", "f64")).ntk, 1e-12);
  });

  test("nothing went wrong unseen", () => expect(failures).toEqual([]));

  test("a thread that fails is an error, and the engine goes on with new ones", async () => {
    const { refused, started, next } = await tab.evaluate(() => page.breakWorker());
    expect(refused).toMatch(/TypeError/);
    expect(started).toBeGreaterThan(1);
    expectClose(next.ntk, (await compute("dense", "f64")).ntk, 1e-12);
  });
});
