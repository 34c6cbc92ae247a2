/** @module What a thread does that shares memory: it takes examples and tiles, each once among all threads, until none is left. */
import { Control } from "./control.js";
import type { FromWorker, ToSharing } from "./messages.js";
import { Runner, Stopped } from "./runner.js";
import { entriesOf, slotOf } from "./slots.js";

/** A function that handles a thread's messages. */
export function sharingThread(index: number, send: (message: FromWorker) => void): (message: ToSharing) => void {
  let runner: Runner | undefined;
  const handle = (message: ToSharing): void => {
    const control = new Control(message.control);
    if (message.kind === "examples") {
      runner = new Runner(message.setup, index, () => control.stopped);
      for (let e = control.nextExample(); e < message.count; e = control.nextExample()) runner.example(e);
      return;
    }
    const { job, tiles, symmetric, slots, most } = message;
    let made = 0;
    for (let n = control.nextTile(index); n < tiles.length; n = control.nextTile(index)) {
      const tile = tiles[n]!;
      runner!.tile(tile, symmetric, slotOf(runner!.entry, slots, most, index, made++, entriesOf(tile)));
      control.made(index);
      send({ kind: "tile", job, n });
      control.waitForReader(index);
    }
    runner = undefined;
  };
  return (message) => {
    const { job, kind } = message;
    try {
      handle(message);
    } catch (error) {
      if (!(error instanceof Stopped)) {
        send({ kind: "failed", job, error: error as Error });
        return;
      }
    }
    send({ kind, job });
  };
}
