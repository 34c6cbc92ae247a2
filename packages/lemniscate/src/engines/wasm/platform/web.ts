/** @module Threads and SIMD in browsers. */
import { validatesRelaxedSimd } from "../features.js";
import type { FromWorker, Thread, ToWorker } from "../messages.js";

/** Memory is shared with workers only on pages that are cross-origin isolated. */
export const sharesMemory: boolean = typeof SharedArrayBuffer !== "undefined";

const hasWorkers = typeof Worker !== "undefined";

export function defaultThreads(): number {
  return hasWorkers ? navigator.hardwareConcurrency : 1;
}

export const hasRelaxedSimd: () => boolean = validatesRelaxedSimd;

/** Pages cannot ask for it. */
export const pairVectors = (): boolean => false;

export const startThread: (<To = ToWorker, From = FromWorker>(index: number) => Thread<To, From>) | undefined =
  hasWorkers
    ? (index) =>
        threadOf(new Worker(new URL("./web-worker.js", import.meta.url), { type: "module", name: String(index) }))
    : undefined;

/** A thread that draws random networks, which takes no shared memory: its file, which knows all layers, is `web-drawer.ts`. */
export const startDrawer: (<To, From>() => Thread<To, From>) | undefined = hasWorkers
  ? () => threadOf(new Worker(new URL("./web-drawer.js", import.meta.url), { type: "module" }))
  : undefined;

/** How many of them there are by default. */
export const defaultDrawers = (): number => navigator.hardwareConcurrency;

function threadOf<To, From>(worker: Worker): Thread<To, From> {
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen: (receive, fail) => {
      const onMessage = ({ data }: MessageEvent<From>): void => receive(data);
      const onError = ({ message }: ErrorEvent): void => fail(new Error(message));
      worker.addEventListener("message", onMessage);
      worker.addEventListener("error", onError);
      return () => {
        worker.removeEventListener("message", onMessage);
        worker.removeEventListener("error", onError);
      };
    },
    // Pages live on by themselves.
    keepAlive: () => {},
    stop: async () => worker.terminate(),
  };
}
