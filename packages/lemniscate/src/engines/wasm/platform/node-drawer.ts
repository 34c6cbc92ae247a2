/** @module The file a worker thread of Node starts with that draws random networks. */
import { parentPort } from "node:worker_threads";
import { drawerThread, type ToDrawer } from "../../../finite/thread.js";

const port = parentPort!;
const handle = drawerThread((message) => port.postMessage(message));
port.on("message", (message: ToDrawer) => handle(message));
