/** @module Paths moved by WebAssembly: by the calling thread at first, by worker threads if there is more to do. */
import { LemniscateError } from "../../core/errors.js";
import type { StartThread, Thread } from "../../engines/wasm/messages.js";
import type { Mover, Moving, Paths } from "../paths.js";
import type { CompiledStep } from "./compile.js";
import type { FromPaths, PathsJob } from "./messages.js";
import { StepRunner } from "./runner.js";

/** How long others wait for their turn, in milliseconds. */
const turn = 20;

export interface Threads {
  readonly count: number;
  readonly start: StartThread<PathsJob, FromPaths>;
  /** How long the calling thread moves paths before threads are started, in milliseconds: as long as it takes to start them. */
  readonly alone?: number;
}

/** A mover for one run. Threads take groups of paths one by one; a path has the same bits whoever moves it. */
export function wasmMover(compiled: CompiledStep, threads?: Threads): Mover {
  let module: WebAssembly.Module | undefined;
  const workers: Thread<PathsJob, FromPaths>[] = [];
  let job = 0;
  let alone = threads === undefined ? Number.POSITIVE_INFINITY : (threads.alone ?? 50);
  return {
    shared: threads !== undefined,
    async advance(paths, first, steps, moving) {
      module ??= await WebAssembly.compile(compiled.bytes);
      const before = performance.now();
      const from =
        workers.length > 0
          ? 0
          : await moveHere(new StepRunner(compiled, module), compiled, paths, first, steps, moving, alone);
      alone -= performance.now() - before;
      if (from >= paths.count) return;
      const { count, start } = threads!;
      while (workers.length < count) workers.push(start(workers.length));
      const next = new SharedArrayBuffer(4);
      new Int32Array(next)[0] = from / compiled.paths;
      const { key, radius, shown } = moving;
      await moveThere(
        workers,
        { kind: "paths", job: ++job, compiled, module, paths, first, steps, key, radius, shown, next },
        moving,
      );
    },
    close() {
      for (const worker of workers) void worker.stop();
    },
  };
}

/** Moves groups on the calling thread, with turns for others, until some time is over; how many paths were moved. */
async function moveHere(
  runner: StepRunner,
  compiled: CompiledStep,
  paths: Paths,
  first: number,
  steps: number,
  moving: Moving,
  milliseconds: number,
): Promise<number> {
  const start = performance.now();
  let [since, pathSteps, from] = [start, 0, 0];
  for (; from < paths.count && performance.now() - start < milliseconds; from += compiled.paths) {
    const here = Math.min(compiled.paths, paths.count - from);
    let made = 0;
    for (const _ of runner.group(paths, from, first, steps, moving)) {
      made++;
      pathSteps += here;
      if (performance.now() - since < turn) continue;
      moving.moved(pathSteps);
      await new Promise((resolve) => setTimeout(resolve));
      moving.signal?.throwIfAborted();
      [pathSteps, since] = [0, performance.now()];
    }
    pathSteps += (steps - made) * here; // those of groups that have stopped
  }
  moving.moved(pathSteps);
  return from;
}

/** Has threads do a job. Whoever aborts, or loses a thread, is told at once: the run is over, and its threads with it. */
async function moveThere(
  workers: readonly Thread<PathsJob, FromPaths>[],
  job: PathsJob,
  { signal, moved }: Moving,
): Promise<void> {
  const leave: (() => void)[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(signal!.reason);
      signal?.addEventListener("abort", abort);
      leave.push(() => signal?.removeEventListener("abort", abort));
      if (signal?.aborted) abort();
      let busy = workers.length;
      const hear = (message: FromPaths): void => {
        if (message.job !== job.job) return;
        try {
          if (message.kind === "moved") moved(message.pathSteps);
          else if (message.kind === "failed") reject(failure(message.error));
          else if (--busy === 0) resolve();
        } catch (error) {
          reject(error);
        }
      };
      for (const worker of workers) {
        leave.push(worker.listen(hear, (error) => reject(failure(error))));
        worker.keepAlive(true);
        worker.post(job);
      }
    });
  } finally {
    for (const one of leave) one();
    for (const worker of workers) worker.keepAlive(false);
  }
}

function failure(cause: Error): LemniscateError {
  return new LemniscateError({
    code: "EngineFailed",
    where: "shaped: paths",
    given: `a thread that failed: ${cause.message}`,
    allowed: "threads that live until their work is done",
    mend: "Snapshots that were handed out stay valid. Run it again; if memory ran out, with fewer paths at a time.",
    cause,
  });
}
