/** @module Who computes: threads that share memory, threads with copies of it, or, where there are none, the calling thread. */
import { callingThread, type Pool } from "./calling-thread.js";
import { CopyingPool } from "./copying-pool.js";
import type { StartThread } from "./messages.js";
import { SharingPool } from "./sharing-pool.js";

/**
 * Floating-point operations that the calling thread does before threads are started: to start them takes longer than
 * that. A fresh process has its first result sooner, and one that asks for much has its threads all the same.
 */
const worthThreads = 1e8;

/** A pool of threads, which `shares` memory if that is possible. */
export function openPool(
  threads: number,
  start: StartThread | undefined,
  alone: number = worthThreads,
  shares = true,
): Pool {
  if (start === undefined) return callingThread;
  return shares ? new SharingPool(threads, start, alone) : new CopyingPool(threads, start, alone);
}
