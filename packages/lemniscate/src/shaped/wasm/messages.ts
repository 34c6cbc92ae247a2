/** @module What a run of paths and its threads say to each other. */
import type { RandomKey } from "../../core/random.js";
import type { Paths } from "../paths.js";
import type { CompiledStep } from "./compile.js";

/** Groups of paths to be moved: each thread takes the next one until none is left. */
export interface PathsJob {
  readonly kind: "paths";
  readonly job: number;
  readonly compiled: CompiledStep;
  readonly module: WebAssembly.Module;
  /** In shared memory. */
  readonly paths: Paths;
  readonly first: number;
  readonly steps: number;
  readonly key: RandomKey["key"];
  readonly radius: number;
  readonly shown: boolean;
  /** One cell: the group that is taken next. */
  readonly next: SharedArrayBuffer;
}

export type FromPaths =
  | { readonly kind: "moved"; readonly job: number; readonly pathSteps: number }
  | { readonly kind: "done"; readonly job: number }
  | { readonly kind: "failed"; readonly job: number; readonly error: Error };
