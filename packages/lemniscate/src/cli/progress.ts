/** @module One line on stderr that says how far the work is. */

/** How progress is shown: as a person wants it, as JSON lines, or not at all. */
export type ProgressStyle = "auto" | "json" | "none";

/** Where progress goes; `process.stderr` is one. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface Progress {
  /** `done` of `total` pairs of the phase. */
  update(done: number, total: number): void;
  /** Ends the phase, and with it the line. */
  end(): void;
}

/** Says what is being done where nothing can tell how far it is; the answer takes it back. */
export function announce(phase: string, style: ProgressStyle, stream: ProgressStream = process.stderr): () => void {
  if (style === "json") stream.write(`${JSON.stringify({ phase, event: "start" })}\n`);
  if (style === "json") return () => void stream.write(`${JSON.stringify({ phase, event: "end" })}\n`);
  if (style === "none" || !isTerminal(stream)) return () => {};
  stream.write(`${phase} …`);
  return () => void stream.write("\r\x1b[K");
}

const isTerminal = (stream: ProgressStream): boolean => stream.isTTY === true && process.env["TERM"] !== "dumb";

const silent: Progress = { update: () => {}, end: () => {} };
const redrawMs = 100;
const plainLineMs = 30_000;

/**
 * Progress of one phase: on a terminal one line that is redrawn, otherwise a plain line every 30 seconds, or one JSON
 * line an event (ten a second at most, and the last one).
 *
 * @param unit - what is counted, for people; `null` where it is nothing that they know
 */
export function progressOf(
  phase: string,
  style: ProgressStyle,
  stream: ProgressStream = process.stderr,
  now: () => number = Date.now,
  unit: string | null = "pairs",
): Progress {
  if (style === "none") return silent;
  const started = now();
  const redrawn = style === "auto" && isTerminal(stream);
  const interval = style === "json" || redrawn ? redrawMs : plainLineMs;
  let shown = redrawn || style === "json" ? Number.NEGATIVE_INFINITY : started;
  let drawn = false;
  const rate = (perSecond: number): string => (unit === null ? "" : `${short(perSecond)} ${unit}/s`);
  const json = (event: object): unknown => stream.write(`${JSON.stringify({ phase, ...event })}\n`);
  if (style === "json") json({ event: "start" });
  return {
    update(done, total) {
      const time = now();
      if (time - shown < interval && !(done === total && style === "json")) return;
      shown = time;
      const seconds = (time - started) / 1000;
      const perSecond = seconds > 0 ? done / seconds : 0;
      const secondsLeft = perSecond > 0 ? (total - done) / perSecond : null;
      if (style === "json") json({ event: "progress", done, total, perSecond, secondsLeft });
      else if (redrawn) {
        stream.write(
          `\r\x1b[K${line(facts(phase, done / total, rate(perSecond), secondsLeft), done / total, stream.columns || 80)}`,
        );
        drawn = true;
      } else
        stream.write(
          `${facts(phase, done / total, rate(perSecond), secondsLeft)
            .filter(Boolean)
            .join("  ")}\n`,
        );
    },
    end() {
      if (style === "json") json({ event: "end", seconds: (now() - started) / 1000 });
      if (drawn) stream.write("\r\x1b[K");
      drawn = false;
    },
  };
}

function facts(phase: string, share: number, rate: string, secondsLeft: number | null): string[] {
  const left = secondsLeft === null ? "" : `${clock(secondsLeft)} left`;
  return [phase, `${String(Math.floor(share * 100)).padStart(3)} %`, rate, left];
}

function line([name = "", ...rest]: readonly string[], share: number, columns: number): string {
  const text = ["", ...rest.filter(Boolean)].join("  ");
  const room = Math.min(30, columns - name.length - text.length - 3);
  if (room < 5) return `${name}${text}`.slice(0, columns - 1);
  const full = Math.round(room * share);
  const bar = ["━".repeat(full), "─".repeat(room - full)] as const;
  const coloured = process.env["NO_COLOR"] === undefined || process.env["NO_COLOR"] === "";
  return `${name}  ${coloured ? `\x1b[36m${bar[0]}\x1b[2m${bar[1]}\x1b[0m` : bar.join("")}${text}`;
}

/** 3725 → "1:02:05". */
export function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (value >= 1e4) return `${(value / 1e3).toPrecision(3)} k`;
  return value >= 10 ? String(Math.round(value)) : value.toPrecision(2);
}
