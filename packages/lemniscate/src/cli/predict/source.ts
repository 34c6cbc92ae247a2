import type { Batch } from "../../core/batch.js";
import type { Quantity } from "../../core/quantity.js";
import type { Engine } from "../../engines/engine.js";
import type { KernelDiagonals, KernelMatrices } from "../../inference/kernel-source.js";
import { kernel } from "../../tiles/kernel.js";
import { interruptible } from "../interrupt.js";
import { announce, type ProgressStyle, progressOf } from "../progress.js";
import { onlyNetwork, type Spec } from "../spec/read.js";

type Get = { readonly get: readonly Quantity[] };

/** What inference takes as a kernel. */
export interface Source {
  (x1: Batch, x2: Batch | null, options: Get): Promise<KernelMatrices>;
  diagonal(x: Batch, options: Get): Promise<KernelDiagonals>;
  /** Takes back the last word about what is being done. */
  end(): void;
}

/**
 * The kernel of a specification for inference, with a line of progress while it runs. Ctrl-C is listened to while
 * kernels are computed, and left to the system during factorisations, which cannot listen.
 */
export function sourceOf(
  spec: Spec,
  engine: Engine,
  options: { readonly memory?: number | undefined; readonly style: ProgressStyle },
): Source {
  const k = kernel(onlyNetwork(spec));
  const { memory, style } = options;
  let said = (): void => {};
  const end = (): void => {
    said();
    said = () => {};
  };
  const kernels = async (x1: Batch, x2: Batch | null, { get }: Get): Promise<KernelMatrices> => {
    end();
    const progress = progressOf(x2 === null ? "train kernel" : "test kernel", style);
    try {
      return await interruptible((signal) =>
        spec.within(() => k(x1, x2, { get, engine, memory, signal, onProgress: progress.update })),
      );
    } finally {
      progress.end();
    }
  };
  const compute = async (x1: Batch, x2: Batch | null, options: Get): Promise<KernelMatrices> => {
    const matrices = await kernels(x1, x2, options);
    said = announce(x2 === null ? "solving" : "predicting", style);
    return matrices;
  };
  const diagonal = (x: Batch, { get }: Get): Promise<KernelDiagonals> =>
    interruptible((signal) => spec.within(() => k.diagonal(x, { get, engine, memory, signal })));
  return Object.assign(compute, { diagonal, end });
}
