import os from "node:os";
import type { Command } from "commander";
import { capabilities } from "../doctor/capabilities.js";
import { selfTest } from "../doctor/self-test.js";
import { alignedTable } from "../table.js";

export function doctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("Say what this machine can do, and check that every engine computes the same here.")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", "\nExample:\n  $ lemniscate doctor\n\nExit code 1 if an engine fails its test.")
    .action(({ json }: { readonly json?: boolean }) => run(json === true));
}

async function run(json: boolean): Promise<void> {
  const tests = await selfTest(); // first: looking for relaxed SIMD may turn it on
  const found = capabilities();
  if (tests.some(({ passed }) => !passed)) process.exitCode = 1;
  if (json) return console.log(JSON.stringify({ ...found, selfTest: tests }));
  const { node, platform, memory, wasm } = found;
  const answer = (yes: boolean): string => (yes ? "yes" : "no");
  const relaxed = {
    yes: "yes",
    "with a flag": `only after node ${found.relaxedSimdFlag}`,
    no: "no",
  }[wasm.relaxedSimd];
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  console.log(
    alignedTable([
      ["node", `${node.version} (V8 ${node.v8})`],
      ["platform", `${platform.system} ${platform.architecture}, ${os.cpus()[0]?.model.trim() ?? "unknown processor"}`],
      ["cores", `${platform.cores}`],
      ["memory", `${gib(memory.free)} free of ${gib(memory.total)}`],
      ["SIMD", answer(wasm.simd)],
      ["relaxed SIMD", relaxed],
      ["shared memory", answer(found.sharedMemory && wasm.threads)],
      ["worker threads", answer(found.workerThreads)],
      ...tests.map(({ engine, precision, threads, passed, detail, isDefault }): [string, string] => [
        `${engine} ${precision}`,
        `${passed ? "ok" : "FAILED"}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${detail}${isDefault ? " (default)" : ""}`,
      ]),
    ]),
  );
}
