/** @module The thread behind the engine: takes examples and tiles from a shared counter until none is left. */
import { parentPort, workerData } from "node:worker_threads";
import { Counter, type FromWorker, type ToWorker } from "./messages.js";
import { Runner } from "./runner.js";
import { switchOnRelaxedSimd } from "./switch-on.js";

const port = parentPort!;
const { index, relaxed } = workerData as { readonly index: number; readonly relaxed: boolean };
if (relaxed) switchOnRelaxedSimd();

let runner: Runner | undefined;

port.on("message", (message: ToWorker) => {
  try {
    handle(message);
  } catch (error) {
    send({ kind: "failed", job: message.job, error: error as Error });
  }
});

function handle(message: ToWorker): void {
  const counter = new Counter(message.counter);
  if (message.kind === "examples") {
    runner = new Runner(message.setup, index);
    for (let e = counter.next(); e < message.count; e = counter.next()) runner.example(e);
    send({ kind: "examples", job: message.job });
    return;
  }
  for (let n = counter.next(); n < message.tiles.length; n = counter.next()) {
    const values = runner!.tile(message.tiles[n]!, message.symmetric);
    send(
      { kind: "tile", job: message.job, n, values },
      Object.values(values).map((data) => data.buffer as ArrayBuffer),
    );
  }
  runner = undefined;
  send({ kind: "tiles", job: message.job });
}

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
