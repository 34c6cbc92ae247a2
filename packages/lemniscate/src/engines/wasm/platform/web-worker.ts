/** @module The file a web worker starts with; its name is its number. */
import type { PathsJob } from "../../../shaped/wasm/messages.js";
import { pathsThread } from "../../../shaped/wasm/thread.js";
import type { ToWorker } from "../messages.js";
import { thread } from "../thread.js";

const handle = thread(Number(self.name), (message, transfer = []) =>
  self.postMessage(message, { transfer: [...transfer] }),
);
const handlePaths = pathsThread((message) => self.postMessage(message));
self.addEventListener("message", ({ data }: MessageEvent<ToWorker | PathsJob>) =>
  data.kind === "paths" ? handlePaths(data) : handle(data),
);
