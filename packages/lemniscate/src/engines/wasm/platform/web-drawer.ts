/** @module The file a web worker starts with that draws random networks. */
import { drawerThread, type ToDrawer } from "../../../finite/thread.js";

const handle = drawerThread((message) => self.postMessage(message));
self.addEventListener("message", ({ data }: MessageEvent<ToDrawer>) => handle(data));
