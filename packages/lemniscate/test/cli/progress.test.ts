import { afterEach, expect, test, vi } from "vitest";
import { clock, progressOf } from "../../src/cli/progress.js";

/** A stream that keeps what is written, and a clock that is set by hand. */
function recorder(isTTY: boolean) {
  const written: string[] = [];
  const time = { now: 0 };
  const stream = { isTTY, columns: 70, write: (text: string) => written.push(text) };
  return { written, time, stream, now: () => time.now };
}

afterEach(() => vi.unstubAllEnvs());

test("a terminal has one line that is redrawn ten times a second and cleared at the end", () => {
  vi.stubEnv("NO_COLOR", "1");
  vi.stubEnv("TERM", "xterm");
  const { written, time, stream, now } = recorder(true);
  const progress = progressOf("kernel", "auto", stream, now);
  for (time.now = 1000; time.now <= 1200; time.now += 20) progress.update(time.now, 4000);
  progress.end();
  expect(written).toEqual([
    "\r\x1b[Kkernel  ━━━━━━━──────────────────────   25 %  1000 pairs/s  0:03 left",
    "\r\x1b[Kkernel  ━━━━━━━━─────────────────────   27 %  1000 pairs/s  0:03 left",
    "\r\x1b[Kkernel  ━━━━━━━━━────────────────────   30 %  1000 pairs/s  0:03 left",
    "\r\x1b[K",
  ]);
});

test("it is coloured unless NO_COLOR says otherwise, and never wider than the terminal", () => {
  vi.stubEnv("NO_COLOR", undefined);
  vi.stubEnv("TERM", "xterm");
  const { written, time, stream, now } = recorder(true);
  time.now = 0;
  const wide = progressOf("kernel", "auto", stream, now);
  time.now = 1000;
  wide.update(1, 2);
  expect(written[0]).toContain("\x1b[36m");
  const narrow = progressOf("kernel", "auto", { ...stream, columns: 20 }, now);
  narrow.update(1, 2);
  expect(written[1]!.replace("\r\x1b[K", "").length).toBeLessThan(20);
});

test("elsewhere it is a line every 30 seconds", () => {
  const { written, time, stream, now } = recorder(false);
  const progress = progressOf("kernel", "auto", stream, now);
  for (time.now = 0; time.now <= 65_000; time.now += 1000) progress.update(time.now, 130_000);
  progress.end();
  expect(written).toEqual(["kernel   23 %  1000 pairs/s  1:40 left\n", "kernel   46 %  1000 pairs/s  1:10 left\n"]);
});

test("as JSON it is one event a line, the last one included", () => {
  const { written, time, stream, now } = recorder(false);
  const progress = progressOf("kernel", "json", stream, now);
  time.now = 1000;
  progress.update(1, 4);
  progress.update(2, 4); // within the tenth of a second
  progress.update(4, 4);
  progress.end();
  expect(written.map((line) => JSON.parse(line))).toEqual([
    { phase: "kernel", event: "start" },
    { phase: "kernel", event: "progress", done: 1, total: 4, perSecond: 1, secondsLeft: 3 },
    { phase: "kernel", event: "progress", done: 4, total: 4, perSecond: 4, secondsLeft: 0 },
    { phase: "kernel", event: "end", seconds: 1 },
  ]);
});

test("or nothing", () => {
  const { written, stream, now } = recorder(true);
  const progress = progressOf("kernel", "none", stream, now);
  progress.update(1, 2);
  progress.end();
  expect(written).toEqual([]);
});

test("time left reads like a clock", () => {
  expect([0, 59.2, 61, 3725].map(clock)).toEqual(["0:00", "1:00", "1:01", "1:02:05"]);
});
