/** @module What the pool does about threads that fail, die, or are stopped: with threads that do as they are told. */
import { describe, expect, test } from "vitest";
import type { Tile } from "../../src/engines/engine.js";
import { Control } from "../../src/engines/wasm/control.js";
import type {
  FromWorker,
  StartThread,
  Thread,
  ToCopying,
  ToSharing,
  ToWorker,
} from "../../src/engines/wasm/messages.js";
import { openPool } from "../../src/engines/wasm/pool.js";
import type { Setup } from "../../src/engines/wasm/runner.js";
import { formatOf } from "../../src/engines/wasm/vector.js";

/** A thread that answers each message with the messages of `behave`, in a later turn. */
class FakeThread implements Thread {
  readonly posted: ToWorker[] = [];
  stopped = 0;
  needed = false;
  readonly #behave: (message: ToWorker, thread: FakeThread) => void;
  readonly #listeners = new Set<{ receive: (message: FromWorker) => void; fail: (error: Error) => void }>();

  constructor(behave: (message: ToWorker, thread: FakeThread) => void) {
    this.#behave = behave;
  }

  post(message: ToWorker): void {
    this.posted.push(message);
    setTimeout(() => this.#behave(message, this));
  }

  listen(receive: (message: FromWorker) => void, fail: (error: Error) => void): () => void {
    const listener = { receive, fail };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  keepAlive(needed: boolean): void {
    this.needed = needed;
  }

  async stop(): Promise<void> {
    this.stopped++;
  }

  say(message: FromWorker): void {
    for (const { receive } of [...this.#listeners]) receive(message);
  }

  die(error: Error): void {
    for (const { fail } of [...this.#listeners]) fail(error);
  }

  get heard(): number {
    return this.#listeners.size;
  }
}

/** As workers do: the tiles of a job are made by whoever counts first. */
function works(given: ToWorker, thread: FakeThread): void {
  const message = given as ToSharing;
  const { kind, job } = message;
  const control = new Control(message.control);
  if (kind === "tiles")
    for (let n = control.nextTile(0); n < message.tiles.length && !control.stopped; n = control.nextTile(0)) {
      control.made(0);
      thread.say({ kind: "tile", job, n });
    }
  thread.say({ kind, job });
}

const setup = {
  layout: { lengths: new Int32Array(3) },
  lowered: { program: { get: ["nngp"], output: { grid: [] } } },
  format: formatOf("f64", false),
} as unknown as Setup;
const prepare = async (): Promise<Setup> => setup;
const tiles: readonly Tile[] = [0, 1, 2, 3].map((n) => ({ rowFrom: n, rowTo: n + 1, columnFrom: n, columnTo: n + 1 }));

function pooled(threads: number, behave: (message: ToWorker, thread: FakeThread) => void) {
  const started: FakeThread[] = [];
  const start: StartThread = () => {
    const thread = new FakeThread(behave);
    started.push(thread);
    return thread;
  };
  return { pool: openPool(threads, start), started };
}

async function all(job: AsyncIterable<{ tile: Tile }>): Promise<number[]> {
  const found: number[] = [];
  for await (const { tile } of job) found.push(tile.rowFrom);
  return found.sort();
}

describe("a pool of threads", () => {
  test("starts them when they are needed, keeps them, and hears them only meanwhile", async () => {
    const { pool, started } = pooled(3, works);
    expect(started.length).toBe(0);
    for (let run = 0; run < 2; run++) expect(await all(pool.run(prepare, tiles, true))).toEqual([0, 1, 2, 3]);
    expect(started.length).toBe(3);
    expect(started.map(({ heard }) => heard)).toEqual([0, 0, 0]);
    await pool.close();
    await pool.close();
    expect(started.map(({ stopped }) => stopped)).toEqual([1, 1, 1]);
  });

  test("runs a job again after it was closed, on new threads", async () => {
    const { pool, started } = pooled(1, works);
    await all(pool.run(prepare, tiles, true));
    const closing = pool.close();
    const later = all(pool.run(prepare, tiles, true));
    await closing;
    expect(await later).toEqual([0, 1, 2, 3]);
    expect(started.length).toBe(2);
  });

  test.each(["examples", "tiles"])(
    "tells what went wrong in a thread, while it makes %s, and goes on",
    async (when) => {
      let faults = 1;
      const { pool, started } = pooled(2, (message, thread) => {
        if (message.kind === when && faults-- > 0)
          thread.say({ kind: "failed", job: message.job, error: new Error("division by cucumber") });
        else works(message, thread);
      });
      await expect(all(pool.run(prepare, tiles, true))).rejects.toThrow("division by cucumber");
      expect(await all(pool.run(prepare, tiles, true))).toEqual([0, 1, 2, 3]);
      expect(started.length).toBe(2);
    },
  );

  test("replaces threads when one has died", async () => {
    let deaths = 1;
    const { pool, started } = pooled(2, (message, thread) => {
      if (deaths-- > 0) thread.die(new Error("out of memory"));
      else works(message, thread);
    });
    await expect(all(pool.run(prepare, tiles, true))).rejects.toThrow("out of memory");
    expect(await all(pool.run(prepare, tiles, true))).toEqual([0, 1, 2, 3]);
    expect(started.map(({ stopped }) => stopped)).toEqual([1, 1, 0, 0]);
  });

  test("delivers the tiles that were made before a thread died, then says where it was", async () => {
    const { pool } = pooled(1, (message, thread) => {
      const control = new Control((message as ToSharing).control);
      if (message.kind === "examples") thread.say({ kind: "examples", job: message.job });
      else {
        const n = control.nextTile(0);
        control.made(0);
        thread.say({ kind: "tile", job: message.job, n });
        control.nextTile(0);
        thread.die(new Error("out of memory"));
      }
    });
    const job = pool.run(prepare, tiles, true);
    expect((await job.next()).value.tile).toBe(tiles[0]);
    await expect(job.next()).rejects.toMatchObject({
      code: "EngineFailed",
      where: "wasm engine: tile [1, 2) × [1, 2)",
      given: "a thread that failed: out of memory",
      mend: expect.stringContaining("1 of 4 tiles were delivered before"),
    });
  });

  test("keeps the program alive only while somebody waits", async () => {
    let go = (): void => {};
    const { pool, started } = pooled(1, (message, thread) => {
      if (message.kind === "examples") thread.say({ kind: "examples", job: message.job });
      else
        go = () => {
          const control = new Control((message as ToSharing).control);
          control.made(0);
          thread.say({ kind: "tile", job: message.job, n: 0 });
        };
    });
    const job = pool.run(prepare, tiles, true);
    const first = job.next();
    await expect.poll(() => started[0]?.posted.length).toBe(2);
    await expect.poll(() => started[0]?.needed).toBe(true);
    await new Promise((resolve) => setTimeout(resolve));
    go();
    await first;
    expect(started[0]!.needed).toBe(false);
    // Somebody who waits for the job to be over needs it, and the reader need not hurry.
    void pool.run(prepare, tiles, true).next();
    await expect.poll(() => started[0]?.needed).toBe(true);
  });

  test("stops at a signal, leaves nobody listening, and takes the next job", async () => {
    const { pool, started } = pooled(2, works);
    const controller = new AbortController();
    let heard = 0;
    const { signal } = controller;
    signal.addEventListener = ((...args: Parameters<AbortSignal["addEventListener"]>) => {
      heard++;
      AbortSignal.prototype.addEventListener.apply(signal, args);
    }) as AbortSignal["addEventListener"];
    signal.removeEventListener = ((...args: Parameters<AbortSignal["removeEventListener"]>) => {
      heard--;
      AbortSignal.prototype.removeEventListener.apply(signal, args);
    }) as AbortSignal["removeEventListener"];
    const job = pool.run(prepare, tiles, true, signal);
    await job.next();
    expect(heard).toBe(1);
    controller.abort(new Error("enough"));
    const rest = async (): Promise<void> => {
      for await (const _ of job);
    };
    await expect(rest()).rejects.toThrow("enough");
    expect(heard).toBe(0);
    expect(started.map((thread) => thread.heard)).toEqual([0, 0]);
    expect(await all(pool.run(prepare, tiles, true))).toEqual([0, 1, 2, 3]);
  });

  test("stops also if a thread's last word is what it reads first after the signal", async () => {
    // With two threads and the tiles read one by one, every message comes to be the first after a signal.
    for (let read = 1; read <= tiles.length; read++) {
      const { pool } = pooled(2, works);
      const controller = new AbortController();
      const job = pool.run(prepare, tiles, true, controller.signal);
      for (let n = 0; n < read; n++) await job.next();
      controller.abort(new Error("enough"));
      await expect(job.next()).rejects.toThrow("enough");
      expect(await all(pool.run(prepare, tiles, true))).toEqual([0, 1, 2, 3]);
    }
  }, 5000);

  test("does not begin what was stopped while it waited", async () => {
    const { pool, started } = pooled(1, works);
    const controller = new AbortController();
    const first = all(pool.run(prepare, tiles, true));
    const second = all(pool.run(prepare, tiles, true, controller.signal));
    const failed = expect(second).rejects.toThrow("enough");
    controller.abort(new Error("enough"));
    expect(await first).toEqual([0, 1, 2, 3]);
    await failed;
    expect(started[0]!.posted.length).toBe(2);
  });

  test("prepares a job when its turn has come, and goes on if that fails", async () => {
    const { pool, started } = pooled(1, works);
    const order: string[] = [];
    const job = (name: string) => async (): Promise<Setup> => {
      order.push(`${name} after ${started[0]?.posted.length ?? 0} messages`);
      if (name === "second") throw new Error("no room");
      return setup;
    };
    const first = all(pool.run(job("first"), tiles, true));
    const second = all(pool.run(job("second"), tiles, true));
    const third = all(pool.run(job("third"), tiles, true));
    await expect(second).rejects.toThrow("no room");
    expect([await first, await third]).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    expect(order).toEqual(["first after 0 messages", "second after 2 messages", "third after 2 messages"]);
  });

  test("has a job over and done with when its tiles are made, read or not", async () => {
    const { pool, started } = pooled(2, works);
    const unread = pool.run(prepare, tiles, true);
    await unread.next();
    expect(await all(pool.run(prepare, tiles, true))).toEqual([0, 1, 2, 3]);
    // The rest is still there.
    let count = 1;
    for await (const _ of unread) count++;
    expect(count).toBe(4);
    expect(started.map(({ heard }) => heard)).toEqual([0, 0]);
  });

  test("waits for threads to put their work down when the reader leaves", async () => {
    const { pool, started } = pooled(2, works);
    for await (const _ of pool.run(prepare, tiles, true)) break;
    expect(started.map(({ heard }) => heard)).toEqual([0, 0]);
    expect(await all(pool.run(prepare, tiles, true))).toEqual([0, 1, 2, 3]);
  });
});

describe("a pool of threads that share no memory", () => {
  const copied = {
    ...setup,
    layout: { lengths: new Int32Array(3), scratch: 8 },
    memory: new WebAssembly.Memory({ initial: 1 }),
    flops: 2e8,
  } as unknown as Setup;
  const copying = (behave: (message: ToCopying, thread: FakeThread) => void, threads = 2) => {
    const started: FakeThread[] = [];
    const start: StartThread = () => {
      started.push(new FakeThread((message, thread) => behave(message as ToCopying, thread)));
      return started.at(-1)!;
    };
    const pool = openPool(threads, start, undefined, false);
    return { pool, started, run: (signal?: AbortSignal) => pool.run(async () => copied, tiles, true, signal) };
  };
  const answer = (message: ToCopying, thread: FakeThread): void => {
    const { job, kind } = message;
    if (kind === "tile") thread.say({ kind: "made", job, n: message.n, values: Float64Array.of(message.n).buffer });
  };
  const kinds = ({ posted }: FakeThread): string[] => posted.map(({ kind }) => kind);

  test("gives each thread a copy and two tiles, and the next one when a tile was read", async () => {
    const { run, started } = copying(answer, 1);
    const job = run();
    expect((await job.next()).value).toMatchObject({ tile: tiles[0], values: { nngp: Float64Array.of(0) } });
    expect(kinds(started[0]!)).toEqual(["open", "tile", "tile"]);
    await job.next();
    expect(kinds(started[0]!)).toEqual(["open", "tile", "tile", "tile"]);
    expect(await all(job)).toEqual([2, 3]);
    expect(kinds(started[0]!).at(-1)).toBe("close");
    expect(started[0]!.heard).toBe(0);
  });

  test("lets jobs take turns", async () => {
    const { run } = copying(answer);
    const [first, second] = [run(), run()];
    await first.next();
    expect(await all(second)).toEqual([0, 1, 2, 3]);
    expect((await all(first)).length).toBe(3);
  });

  test("stops at a signal while threads are at work, and takes the next job", async () => {
    let idle = true;
    const { run, started } = copying((message, thread) => !idle && answer(message, thread));
    const controller = new AbortController();
    const waiting = run(controller.signal).next();
    await expect.poll(() => started[0]?.needed).toBe(true);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(started.map(({ needed, heard }) => [needed, heard])).toEqual([
      [false, 0],
      [false, 0],
    ]);
    expect(kinds(started[1]!).at(-1)).toBe("close");
    idle = false;
    expect(await all(run())).toEqual([0, 1, 2, 3]);
  });

  test("names the tile of a thread that failed or died, and goes on with new ones", async () => {
    for (const fault of ["said", "dead"]) {
      let faults = 1;
      const { run, started } = copying((message, thread) => {
        const error = new Error("out of memory");
        if (message.kind !== "tile" || message.n !== 2 || faults-- === 0) answer(message, thread);
        else if (fault === "said") thread.say({ kind: "failed", job: message.job, error });
        else thread.die(error);
      }, 1);
      const job = run();
      await job.next();
      await job.next();
      await expect(job.next()).rejects.toMatchObject({
        code: "EngineFailed",
        where: "wasm engine: tile [2, 3) × [2, 3)",
        mend: expect.stringContaining("2 of 4 tiles were delivered before"),
      });
      expect(await all(run())).toEqual([0, 1, 2, 3]);
      expect(started.length).toBe(2);
    }
  });

  test("closes when all tiles are made, read or not", async () => {
    const { pool, run, started } = copying(answer);
    const job = run();
    await job.next();
    await pool.close();
    expect(started.map(({ stopped }) => stopped)).toEqual([1, 1]);
    expect((await all(job)).length).toBe(3);
  });
});
