/** @module Threads and SIMD in Node. */
import { availableParallelism } from "node:os";
import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import { validatesRelaxedSimd } from "../features.js";
import type { StartThread } from "../messages.js";

/** As many threads as the machine has cores. */
export const defaultThreads: () => number = availableParallelism;

/** Node 20 has relaxed SIMD behind a flag that can be set before a module is compiled. */
export function hasRelaxedSimd(): boolean {
  if (!validatesRelaxedSimd()) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  return validatesRelaxedSimd();
}

export const startThread: StartThread | undefined = (index) => {
  // The program's own flags are not for workers: one that came from --eval would look for its text there too.
  const worker = new Worker(new URL("./node-worker.js", import.meta.url), { workerData: index, execArgv: [] });
  // A program that has finished must end although an engine is still open.
  worker.unref();
  // An error that nobody listens to would end the program; whoever listens next is told.
  let death: Error | undefined;
  worker.on("error", (error: Error) => {
    death = error;
  });
  return {
    post: (message) => worker.postMessage(message),
    listen: (receive, fail) => {
      worker.on("message", receive).on("error", fail).ref();
      const known = death;
      if (known !== undefined) queueMicrotask(() => fail(known));
      return () => worker.off("message", receive).off("error", fail).unref();
    },
    stop: () => worker.terminate(),
  };
};
