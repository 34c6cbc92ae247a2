/** @module The file a web worker starts with; its name is its number. */
import type { ToWorker } from "../messages.js";
import { thread } from "../thread.js";

const handle = thread(Number(self.name), (message) => self.postMessage(message));
self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => handle(data));
