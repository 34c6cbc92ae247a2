/** What every long computation takes. */
export interface RunOptions {
  /** Stops the computation: the call rejects with the signal's reason, and no partial result is returned. */
  readonly signal?: AbortSignal | undefined;
  /** Called as work is finished, `done` of `total` in units of about equal cost. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}
