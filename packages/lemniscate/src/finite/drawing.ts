/** @module Random networks one after another: by the calling thread at first, by worker threads if there are more. */
import { defaultDrawers, startDrawer } from "#platform";
import { LemniscateError } from "../core/errors.js";
import { pausing } from "../core/run.js";
import type { Thread } from "../engines/wasm/messages.js";
import type { Combinator } from "../network/combinators.js";
import { isJoin } from "../network/joins.js";
import type { Network } from "../network/placement.js";
import { layerOf } from "../network/trace.js";
import { type Drawn, kernelsOfOne, type Networks } from "./kernels-of-one.js";
import type { FromDrawer, ToDrawer } from "./thread.js";

export interface DrawingOptions {
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How threads are started; `null` where there are none. */
  readonly start?: (() => Thread<ToDrawer, FromDrawer>) | null | undefined;
  /** How long the calling thread draws before threads are started, in milliseconds: as long as it takes to start them. */
  readonly alone?: number | undefined;
}

/** What a thread is asked for at once, in milliseconds: long beside a message, short beside a user's patience. */
const errand = 10;

/** The kernels of networks number 0, 1, … `count` − 1, in this order, the same bits on any number of threads. */
export async function* drawEach(
  networks: Networks,
  count: number,
  { threads = defaultDrawers(), signal, start = startDrawer ?? null, alone = 100 }: DrawingOptions,
): AsyncGenerator<Drawn> {
  const many = threads > 1 && start !== null && !hasOwnFunction(networks.network);
  const rest = pausing(signal);
  let [spent, done] = [0, 0];
  while (done < count && (!many || spent < alone || done === 0)) {
    await rest();
    const before = performance.now();
    const drawn = kernelsOfOne(networks, done);
    spent += performance.now() - before;
    done++;
    yield drawn;
  }
  if (done === count) return;
  const each = Math.ceil(errand / (spent / done));
  const workers: Thread<ToDrawer, FromDrawer>[] = [];
  try {
    while (workers.length < Math.min(threads, Math.ceil((count - done) / each))) workers.push(start!());
    yield* drawThere(workers, networks, done, count, each, signal);
  } finally {
    for (const worker of workers) void worker.stop();
  }
}

/** Networks `first` to `count` (excluded) by threads, which are asked for `each` at a time. */
async function* drawThere(
  workers: readonly Thread<ToDrawer, FromDrawer>[],
  networks: Networks,
  first: number,
  count: number,
  each: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Drawn> {
  const arrived = new Map<number, readonly Drawn[]>();
  const load = workers.map(() => 0);
  let asked = first;
  let failed: Error | undefined;
  let wake = (): void => {};
  const leave = workers.map((worker, w) => {
    const hear = (message: FromDrawer): void => {
      load[w]!--;
      if (message.kind === "drawn") arrived.set(message.from, message.drawn);
      else failed = message.error;
      wake();
    };
    const mourn = (error: Error): void => {
      failed = error;
      wake();
    };
    return worker.listen(hear, mourn);
  });
  const hold = (needed: boolean): void => {
    for (const worker of workers) worker.keepAlive(needed);
  };
  const onAbort = (): void => wake();
  signal?.addEventListener("abort", onAbort);
  try {
    for (const worker of workers) worker.post({ kind: "networks", networks });
    for (let from = first; from < count; from += each) {
      for (;;) {
        // Two errands a thread, so that none waits for this one, and not too far ahead of whoever reads.
        const end = Math.min(count, from + 4 * workers.length * each);
        for (const [w, worker] of workers.entries())
          for (; load[w]! < 2 && asked < end; load[w]!++) {
            const to = Math.min(asked + each, count);
            worker.post({ kind: "draw", from: asked, to });
            asked = to;
          }
        if (arrived.has(from)) break;
        if (failed !== undefined) throw failure(failed);
        signal?.throwIfAborted();
        hold(true);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        hold(false);
      }
      for (const drawn of arrived.get(from)!) {
        signal?.throwIfAborted();
        yield drawn;
      }
      arrived.delete(from);
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    for (const one of leave) one();
  }
}

/** Whether a network has functions that the program gave, which its other threads do not know. */
function hasOwnFunction(network: Network): boolean {
  const node = network as Combinator;
  if (node.type === "serial") return node.layers.some(hasOwnFunction);
  if (node.type === "repeat") return hasOwnFunction(node.layer);
  if (isJoin(node)) return node.branches.some(hasOwnFunction);
  const { definition, options } = layerOf(network, []);
  return definition.hasOwnFunction?.(options) === true;
}

function failure(cause: Error): LemniscateError {
  return new LemniscateError({
    code: "EngineFailed",
    where: "monteCarloKernel",
    given: `a thread that failed: ${cause.message}`,
    allowed: "threads that live until their work is done",
    mend: "Estimates that were handed out stay valid. Run it again; if memory ran out, with fewer threads.",
    cause,
  });
}
