/** What every long computation takes. */
export interface RunOptions {
  /** Stops the computation: the call rejects with the signal's reason, and no partial result is returned. */
  readonly signal?: AbortSignal | undefined;
  /** Called as work is finished, `done` of `total` in units of about equal cost. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** How long a computation keeps the thread to itself, in milliseconds, before others have a turn. */
const turn = 20;

/**
 * Makes what a long computation calls between its pieces: it lets timers and signals have their turn if it is time, and
 * ends the work if it was aborted.
 */
export function pausing(signal: AbortSignal | undefined): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since >= turn) {
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
    signal?.throwIfAborted();
  };
}
