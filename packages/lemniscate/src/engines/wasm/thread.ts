/** @module What a thread does, with memory that it shares or with a copy. */
import { copyingThread } from "./copying-thread.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { sharingThread } from "./sharing-thread.js";

/** A function that handles a thread's messages. */
export function thread(
  index: number,
  send: (message: FromWorker, transfer?: readonly ArrayBuffer[]) => void,
): (message: ToWorker) => void {
  const [sharing, copying] = [sharingThread(index, send), copyingThread(send)];
  return (message) => (message.kind === "examples" || message.kind === "tiles" ? sharing(message) : copying(message));
}
