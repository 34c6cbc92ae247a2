/** @module The file a worker thread of Node starts with. */
import { parentPort, workerData } from "node:worker_threads";
import type { PathsJob } from "../../../shaped/wasm/messages.js";
import { pathsThread } from "../../../shaped/wasm/thread.js";
import type { ToWorker } from "../messages.js";
import { thread } from "../thread.js";
import { hasRelaxedSimd } from "./node.js";

// Flags hold for one thread's compiler: set this one's too.
hasRelaxedSimd();
const port = parentPort!;
const handle = thread(workerData as number, (message, transfer = []) => port.postMessage(message, transfer));
const handlePaths = pathsThread((message) => port.postMessage(message));
port.on("message", (message: ToWorker | PathsJob) =>
  message.kind === "paths" ? handlePaths(message) : handle(message),
);
