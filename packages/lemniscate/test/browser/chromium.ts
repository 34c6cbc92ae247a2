/** @module A headless Chromium with a page of ours in it. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { build } from "vite";

/** Where Chromium is, or `undefined`; `LEMNISCATE_CHROMIUM` says so where it is in no usual place. */
export const executable: string | undefined = [
  process.env["LEMNISCATE_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((file) => file !== undefined && existsSync(file));

/** A new browser with a fresh profile. It asks nobody for anything. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: executable!,
    chromiumSandbox: false,
    args: ["--disable-gpu", "--disable-quic", "--disable-sync", "--disable-component-update", "--no-first-run"],
  });
}

/** Bundles the page into a folder as an application of the library would. */
export async function bundle(folder: string): Promise<void> {
  const root = fileURLToPath(new URL("page/", import.meta.url));
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    build: { outDir: folder, emptyOutDir: true, target: "es2022" },
  });
}

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

/** Serves a folder on this machine, with or without the two headers that isolate a page. */
export async function serve(
  folder: string,
  isolated: boolean,
): Promise<AsyncDisposable & { readonly address: string; readonly server: Server }> {
  const isolation = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  };
  const server = createServer(async ({ url }, response) => {
    const file = path.join(folder, url === "/" ? "index.html" : path.normalize(url ?? ""));
    const type = types[path.extname(file)] ?? "application/octet-stream";
    try {
      response.writeHead(200, { "Content-Type": type, ...(isolated ? isolation : {}) }).end(await readFile(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    address: `http://127.0.0.1:${port}/`,
    server,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
