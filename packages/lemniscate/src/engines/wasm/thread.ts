/** @module What a thread does: it takes examples and tiles from a shared counter until none is left. */
import { Counter, type FromWorker, type ToWorker } from "./messages.js";
import { Runner } from "./runner.js";

/** A function that handles a thread's messages. */
export function thread(
  index: number,
  send: (message: FromWorker, transfer: ArrayBuffer[]) => void,
): (message: ToWorker) => void {
  let runner: Runner | undefined;
  const handle = (message: ToWorker): void => {
    const counter = new Counter(message.counter);
    if (message.kind === "examples") {
      runner = new Runner(message.setup, index);
      for (let e = counter.next(); e < message.count; e = counter.next()) runner.example(e);
      send({ kind: "examples", job: message.job }, []);
      return;
    }
    for (let n = counter.next(); n < message.tiles.length; n = counter.next()) {
      const values = runner!.tile(message.tiles[n]!, message.symmetric);
      const buffers = Object.values(values).map((data) => data.buffer as ArrayBuffer);
      send({ kind: "tile", job: message.job, n, values }, buffers);
    }
    runner = undefined;
    send({ kind: "tiles", job: message.job }, []);
  };
  return (message) => {
    try {
      handle(message);
    } catch (error) {
      send({ kind: "failed", job: message.job, error: error as Error }, []);
    }
  };
}
