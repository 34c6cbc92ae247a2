/** The user, or the system, asked the program to stop. */
export class Interrupted extends Error {
  /** What shells report for a program that a signal has ended: 128 and the number of the signal. */
  readonly exitCode: number;

  constructor(exitCode: number, written: string) {
    super(`interrupted, ${written}`);
    this.exitCode = exitCode;
  }
}

const codes = { SIGINT: 130, SIGTERM: 143 } as const;
const names = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs work that Ctrl-C or SIGTERM ends through its abort signal; a second Ctrl-C ends the program at once.
 *
 * Only work that looks at its signal belongs in here. Outside, signals do what they do to any program, so that they
 * are obeyed even while a long factorisation keeps JavaScript from listening.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  written = "nothing was written",
): Promise<T> {
  const controller = new AbortController();
  const stop = (name: (typeof names)[number]): void => {
    if (controller.signal.aborted) process.exit(codes[name]);
    controller.abort(new Interrupted(codes[name], written));
  };
  for (const name of names) process.on(name, stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    // An engine may reject with an error of its own once it was told to stop.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    for (const name of names) process.off(name, stop);
  }
}
