/** @module What a thread does for paths: it takes groups of them, each once among all threads, until none is left. */
import type { FromPaths, PathsJob } from "./messages.js";
import { StepRunner } from "./runner.js";

/** How often a thread says what it has done, in milliseconds. */
const interval = 50;

/** A function that does a thread's jobs. Whoever does not want a job to be finished ends the thread. */
export function pathsThread(send: (message: FromPaths) => void): (job: PathsJob) => void {
  return ({ job, compiled, module, paths, first, steps, key, radius, shown, next }) => {
    try {
      const runner = new StepRunner(compiled, module);
      const cell = new Int32Array(next);
      let [pathSteps, since] = [0, performance.now()];
      for (;;) {
        const from = Atomics.add(cell, 0, 1) * compiled.paths;
        if (from >= paths.count) break;
        const here = Math.min(compiled.paths, paths.count - from);
        let made = 0;
        for (const _ of runner.group(paths, from, first, steps, { key, radius, shown })) {
          made++;
          pathSteps += here;
          if (performance.now() - since < interval) continue;
          send({ kind: "moved", job, pathSteps });
          [pathSteps, since] = [0, performance.now()];
        }
        pathSteps += (steps - made) * here; // those of groups that have stopped
      }
      send({ kind: "moved", job, pathSteps });
      send({ kind: "done", job });
    } catch (error) {
      send({ kind: "failed", job, error: error as Error });
    }
  };
}
