/** @module What a thread does: it takes examples and tiles, each once among all threads, until none is left. */
import { Control } from "./control.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { Runner, Stopped } from "./runner.js";

/** A function that handles a thread's messages. */
export function thread(
  index: number,
  send: (message: FromWorker, transfer: ArrayBuffer[]) => void,
): (message: ToWorker) => void {
  let runner: Runner | undefined;
  const handle = (message: ToWorker): void => {
    const control = new Control(message.control);
    if (message.kind === "examples") {
      runner = new Runner(message.setup, index, () => control.stopped);
      for (let e = control.nextExample(); e < message.count; e = control.nextExample()) runner.example(e);
      return;
    }
    for (let n = control.nextTile(index); n < message.tiles.length; n = control.nextTile(index)) {
      const values = runner!.tile(message.tiles[n]!, message.symmetric);
      const buffers = Object.values(values).map((data) => data.buffer as ArrayBuffer);
      control.made(index);
      send({ kind: "tile", job: message.job, n, values }, buffers);
      control.waitForReader();
    }
    runner = undefined;
  };
  return (message) => {
    const { job, kind } = message;
    try {
      handle(message);
    } catch (error) {
      if (!(error instanceof Stopped)) {
        send({ kind: "failed", job, error: error as Error }, []);
        return;
      }
    }
    send({ kind, job }, []);
  };
}
