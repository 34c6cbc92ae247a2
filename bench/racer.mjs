/** @module One side of a race: a child process that is warm when it is given out, and works when it is asked. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Starts `command args` and waits for its first result.
 *
 * @returns `first`, what it said then; `seconds` from its start until then; `ask(line)`, its answer; `stop()`
 * @throws Error if the process ends before it has answered, as it does where memory is short
 */
export async function startRacer(command, args) {
  const started = performance.now();
  // TensorFlow, which the peer imports, reports missing GPUs at length
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" };
  const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => {
    child.on("error", ({ message }) => resolve(message));
    child.on("close", (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
  });
  child.stdin.on("error", () => {}); // of a process that has ended; the answer says so
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command}: ${await ended}`);
    return JSON.parse(value);
  };
  const first = await answer();
  return {
    first,
    seconds: (performance.now() - started) / 1000,
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
