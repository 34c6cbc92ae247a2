/** @module Threads and SIMD in Node. */
import { availableParallelism } from "node:os";
import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import { validatesRelaxedSimd } from "../features.js";
import type { FromWorker, Thread, ToWorker } from "../messages.js";

/** As many threads as the machine has cores. */
export const defaultThreads: () => number = availableParallelism;

/** Whether threads can share memory. */
export const sharesMemory = true;

/** Node 20 has relaxed SIMD behind a flag that can be set before a module is compiled. */
export function hasRelaxedSimd(): boolean {
  if (!validatesRelaxedSimd()) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  return validatesRelaxedSimd();
}

/**
 * Lets V8 make one register of 256 bits of two neighbouring vectors, in all modules that this process compiles from now
 * on. Says whether it can: it has learnt it by version 12 (Node 22).
 */
export function pairVectors(): boolean {
  if (Number.parseInt(process.versions.v8, 10) < 12) return false;
  v8.setFlagsFromString("--experimental-wasm-revectorize");
  return true;
}

/** A thread for whoever knows what it is told: its file is `node-worker.ts`. */
export const startThread: (<To = ToWorker, From = FromWorker>(index: number) => Thread<To, From>) | undefined = (
  index,
) => threadOf(new Worker(new URL("./node-worker.js", import.meta.url), { ...settings, ...small, workerData: index }));

/** A thread that draws random networks: its file, which knows all layers, is `node-drawer.ts`. */
export const startDrawer: (<To, From>() => Thread<To, From>) | undefined = () =>
  threadOf(new Worker(new URL("./node-drawer.js", import.meta.url), settings));

/** How many of them there are by default. */
export const defaultDrawers: () => number = availableParallelism;

/** The program's own flags are not for workers: one that came from --eval would look for its text there too. */
const settings = { execArgv: [] };

/** What a thread makes in JavaScript is short-lived: with more room for it each has some 6 MB of what nobody needs. */
const small = { resourceLimits: { maxYoungGenerationSizeMb: 2 } };

function threadOf<To, From>(worker: Worker): Thread<To, From> {
  // A program that has finished must end although an engine is still open.
  worker.unref();
  // An error that nobody listens to would end the program; whoever listens next is told.
  let death: Error | undefined;
  const mourners = new Set<(error: Error) => void>();
  const die = (error: Error): void => {
    if (death !== undefined) return;
    death = error;
    for (const tell of mourners) tell(error);
  };
  worker.on("error", die);
  worker.on("exit", (code) => die(new Error(`it ended with code ${code}`)));
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    listen: (receive, fail) => {
      worker.on("message", receive);
      mourners.add(fail);
      const known = death;
      if (known !== undefined) queueMicrotask(() => fail(known));
      return () => {
        worker.off("message", receive);
        mourners.delete(fail);
      };
    },
    keepAlive: (needed) => (needed ? worker.ref() : worker.unref()),
    stop: () => worker.terminate(),
  };
}
