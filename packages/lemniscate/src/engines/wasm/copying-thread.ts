/** @module What a thread does that has a memory of its own: the tapes of all examples, and the tiles that it is given. */
import { pausing } from "../../core/run.js";
import { makeTapes } from "./calling-thread.js";
import type { FromWorker, ToCopying } from "./messages.js";
import { Runner } from "./runner.js";
import { entriesOf, slotOf, tileBytes } from "./slots.js";

/** WebAssembly counts memory in pages. */
const page = 65536;

/** A function that handles a thread's messages. */
export function copyingThread(
  send: (message: FromWorker, transfer: readonly ArrayBuffer[]) => void,
): (message: ToCopying) => void {
  const jobs = new Map<number, { readonly runner: Promise<Runner>; readonly controller: AbortController }>();
  const open = async (
    { setup, image }: ToCopying & { readonly kind: "open" },
    signal: AbortSignal,
  ): Promise<Runner> => {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(setup.layout.bytes / page), maximum: page });
    new Uint8Array(memory.buffer).set(new Uint8Array(image));
    const own = { ...setup, memory };
    return setup.tapesHere ? new Runner(own, 0, () => false) : makeTapes(own, pausing(signal));
  };
  const make = async (message: ToCopying & { readonly kind: "tile" }): Promise<void> => {
    const { job, n, tile, symmetric } = message;
    try {
      const runner = await jobs.get(job)?.runner;
      // Nobody wants it any more.
      if (runner === undefined || !jobs.has(job)) return;
      const entries = entriesOf(tile);
      const values = new ArrayBuffer(tileBytes(runner.entry, entries));
      runner.tile(tile, symmetric, slotOf(runner.entry, values, entries, 0, 0, entries));
      send({ kind: "made", job, n, values }, [values]);
    } catch (error) {
      if (jobs.has(job)) send({ kind: "failed", job, error: error as Error }, []);
    }
  };
  return (message) => {
    const { job, kind } = message;
    if (kind === "open") {
      const controller = new AbortController();
      const runner = open(message, controller.signal);
      // Whoever asks for a tile hears of it.
      runner.catch(() => {});
      jobs.set(job, { runner, controller });
    } else if (kind === "tile") void make(message);
    else {
      jobs.get(job)?.controller.abort();
      jobs.delete(job);
    }
  };
}
