import { LemniscateError } from "../../core/errors.js";
import type { Tile } from "../engine.js";

/** A thread that failed or died, as an error that says where. */
export function failure(cause: Error, tile: Tile | undefined, done: number, total: number): LemniscateError {
  const at =
    tile === undefined
      ? "making tapes of examples"
      : `tile [${tile.rowFrom}, ${tile.rowTo}) × [${tile.columnFrom}, ${tile.columnTo})`;
  return new LemniscateError({
    code: "EngineFailed",
    where: `wasm engine: ${at}`,
    given: `a thread that failed: ${cause.message}`,
    allowed: "threads that live until their work is done",
    mend: `${done} of ${total} tiles were delivered before and stay valid. The engine can be used again; if memory ran out, give it fewer threads or a smaller memory option.`,
    cause,
  });
}
