/** A thread that measures a rate beside others. */
import { parentPort, workerData } from "node:worker_threads";
import { hasRelaxedSimd } from "../../packages/lemniscate/dist/engines/wasm/platform/node.js";
import { formatOf } from "../../packages/lemniscate/dist/engines/wasm/vector.js";
import { measureRate } from "./rate.mjs";

const { precision, instruction } = workerData;
parentPort.postMessage(measureRate(formatOf(precision, hasRelaxedSimd()), instruction));
