/** @module Threads that move paths: the same bits whatever their number, and what comes of those that are left or fail. */
import { entries, type PathState, shapedTransformer, simulate, solveSde } from "lemniscate/shaped";
import { describe, expect, test } from "vitest";
import type { Thread } from "../../dist/engines/wasm/messages.js";
import { startThread } from "../../dist/engines/wasm/platform/node.js";
import { coefficients } from "../../dist/shaped/coefficients.js";
import { run, type Snapshot } from "../../dist/shaped/paths.js";
import { splitStep } from "../../dist/shaped/schemes/split.js";
import { compileStep } from "../../dist/shaped/wasm/compile.js";
import type { FromPaths, PathsJob } from "../../dist/shaped/wasm/messages.js";
import { wasmMover } from "../../dist/shaped/wasm/mover.js";

const model = shapedTransformer({
  attention: { gamma: 0.6, temperature: 0.6 },
  mlp: { gamma: 0.4, activation: { type: "shaped-relu", plus: 0, minus: -1 } },
});
const start = [
  [1, 0.2, 0.1],
  [0.2, 1, 0.3],
  [0.1, 0.3, 1.2],
];
const program = splitStep(3, coefficients(model, 3), 1 / 16, true);

/** Snapshots of a run whose paths threads move from the beginning, and the threads that were started. */
function course(threads: number, paths: number, steps: number, options: { signal?: AbortSignal; share?: number } = {}) {
  const started: Thread<PathsJob, FromPaths>[] = [];
  const mover = wasmMover(compileStep(program, false, options.share)!, {
    count: threads,
    alone: 0,
    start: (index) => {
      const thread = startThread!<PathsJob, FromPaths>(index);
      started.push(thread);
      return thread;
    },
  });
  let [moved, total] = [0, 0];
  const snapshots = run({
    mover,
    process: program,
    start,
    paths,
    key: [1, 2],
    radius: 1e4,
    marks: [steps / 2, steps],
    unit: 1 / 16,
    signal: options.signal,
    onProgress: (done, all) => {
      [moved, total] = [done, all];
    },
  });
  return { snapshots, started, progress: () => [moved, total] };
}

async function all(of: AsyncIterable<Snapshot>): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  for await (const one of of) found.push(one);
  return found;
}

describe("threads that move paths", () => {
  test("give each the bits that it has on the calling thread, whatever their number and the size of groups", async () => {
    const one = await all(
      run({
        mover: wasmMover(compileStep(program, false)!),
        process: program,
        start,
        paths: 700,
        key: [1, 2],
        radius: 1e4,
        marks: [8, 16],
        unit: 1 / 16,
      }),
    );
    expect(one[1]!.frozen).toBeGreaterThan(0);
    for (const [threads, share] of [
      [1, 64],
      [2, 16],
      [3, 64],
    ] as const) {
      const { snapshots, started, progress } = course(threads, 700, 16, { share });
      expect(await all(snapshots)).toEqual(one);
      expect(started.length).toBe(threads);
      expect(progress()).toEqual([700 * 16, 700 * 16]);
    }
  });

  test("and so do networks, through the public door", async () => {
    const options = { start, width: 64, paths: 3000, seed: 3 };
    const [[one], [two]] = [
      await all(simulate(model, { ...options, threads: 1 })),
      await all(simulate(model, { ...options, threads: 2 })),
    ];
    expect(two).toEqual(one);
    const [few] = await all(simulate(model, { ...options, paths: 5 }));
    expect(entries(one!, 0, 1).slice(0, 5)).toEqual(entries(few!, 0, 1));
  });

  test("go on from a state that was kept, on any number of threads", async () => {
    const options = { start, times: [0.25, 0.5, 1], paths: 3000, seed: 3 };
    let kept: PathState | undefined;
    const whole = await all(
      solveSde(model, {
        ...options,
        onState: (state) => {
          const { steps, data, stoppedAfter } = state;
          if (kept === undefined) kept = { steps, data: data.slice(), stoppedAfter: stoppedAfter.slice() };
        },
      }),
    );
    for (const threads of [1, 2])
      expect(await all(solveSde(model, { ...options, threads, resume: kept }))).toEqual(whole.slice(1));
    await expect(solveSde(model, { ...options, paths: 10, resume: kept }).next()).rejects.toThrow(
      "resume: got 3000 paths of 9 entries, allowed is 10 of 9, as the options say.",
    );
  });

  test("an abort is heard in the middle of a group, and the threads are ended", async () => {
    const controller = new AbortController();
    const { snapshots, started } = course(2, 64, 2_000_000, { signal: controller.signal });
    const next = snapshots.next();
    setTimeout(() => controller.abort(new Error("stopped by hand")), 100);
    await expect(next).rejects.toThrow("stopped by hand");
    await ended(started);
  });

  test("an abort is heard where there are no threads", async () => {
    const signal = AbortSignal.timeout(100);
    const next = simulate(model, { start, width: 100_000, paths: 8, signal, threads: 1 }).next();
    await expect(next).rejects.toThrow("timeout");
  });

  test("a thread that dies is an error that says so", async () => {
    const { snapshots, started } = course(2, 64, 2_000_000);
    const next = snapshots.next();
    setTimeout(() => started[1]!.stop(), 100);
    await expect(next).rejects.toThrow(
      /^shaped: paths: got a thread that failed: it ended with code \d, .* Snapshots that were handed out stay valid/,
    );
    await ended(started);
  });

  test("whoever leaves the loop ends the threads", async () => {
    const { snapshots, started } = course(2, 700, 16);
    for await (const _ of snapshots) break;
    await ended(started);
  });

  test.each([0, 1.5, Number.NaN])("%s of them are refused", async (threads) => {
    await expect(solveSde(model, { start, threads }).next()).rejects.toThrow(
      `threads: got ${threads}, allowed is a whole number from 1 to 256.`,
    );
  });
});

/** Waits until threads have ended, which those who listen to them are told. */
async function ended(threads: readonly Thread<PathsJob, FromPaths>[]): Promise<void> {
  for (const thread of threads)
    await new Promise<void>((resolve) =>
      thread.listen(
        () => {},
        () => resolve(),
      ),
    );
}
