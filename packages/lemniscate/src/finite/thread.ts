/** @module What a thread does for random networks: it draws those whose numbers it is told. */
import { type Drawn, kernelsOfOne, type Networks } from "./kernels-of-one.js";

/** Networks once, and then the numbers of those to be drawn, `from` to `to` (excluded). */
export type ToDrawer =
  | { readonly kind: "networks"; readonly networks: Networks }
  | { readonly kind: "draw"; readonly from: number; readonly to: number };

export type FromDrawer =
  | { readonly kind: "drawn"; readonly from: number; readonly drawn: readonly Drawn[] }
  | { readonly kind: "failed"; readonly error: Error };

/** A function that does what a thread is told. Whoever does not want it to be finished ends the thread. */
export function drawerThread(send: (message: FromDrawer) => void): (message: ToDrawer) => void {
  let networks: Networks | undefined;
  return (message) => {
    if (message.kind === "networks") {
      networks = message.networks;
      return;
    }
    const { from, to } = message;
    try {
      const drawn = Array.from({ length: to - from }, (_, i) => kernelsOfOne(networks!, from + i));
      send({ kind: "drawn", from, drawn });
    } catch (error) {
      send({ kind: "failed", error: error as Error });
    }
  };
}
