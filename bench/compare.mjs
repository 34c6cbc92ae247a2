/** @module Whether both sides computed the same. No time is quoted where they did not. */
import { readFileSync } from "node:fs";

/**
 * What is taken for the same, of |ours − peer| / √(peer_ii peer_jj): between two examples, and of an example with
 * itself, where the peer takes the square root of a rounded 1 − ρ² and so keeps half of the digits in its NTK.
 *
 * In single precision the room is for the peer. Measured against double precision, its mean over the 2^20 pairs of
 * pixels of a 32×32 image is wrong by 3e-5, ours by 5e-8.
 */
export const tolerances = {
  f32: { nngp: { apart: 1e-4, itself: 1e-4 }, ntk: { apart: 2e-4, itself: 5e-3 } },
  f64: { nngp: { apart: 1e-11, itself: 1e-11 }, ntk: { apart: 1e-10, itself: 1e-6 } },
};

/** Largest differences of two N × N matrices in files of raw numbers. */
function differences(ours, peer, N, precision) {
  const read = (path) => {
    const { buffer, byteOffset, byteLength } = readFileSync(path);
    const Numbers = precision === "f32" ? Float32Array : Float64Array;
    return new Numbers(buffer.slice(byteOffset, byteOffset + byteLength));
  };
  const [a, b] = [read(ours), read(peer)];
  if (a.length !== N * N || b.length !== N * N) throw new Error(`${a.length} and ${b.length} numbers, not ${N} × ${N}`);
  const scale = Float64Array.from({ length: N }, (_, i) => Math.sqrt(b[i * N + i]));
  const worst = { apart: 0, itself: 0 };
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      const error = Math.abs(a[i * N + j] - b[i * N + j]) / (scale[i] * scale[j]);
      const where = i === j ? "itself" : "apart";
      // NaN is not less than anything either
      if (!(error <= worst[where])) worst[where] = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    }
  return worst;
}

/**
 * Has both racers save their matrices and compares them.
 *
 * @returns errors of each quantity, and whether all are within {@link tolerances}
 */
export async function compareOutputs(ours, peer, N, precision, folder) {
  await ours.ask(`save ${folder}/ours`);
  await peer.ask(`save ${folder}/peer`);
  const errors = {};
  let same = true;
  for (const quantity of ["nngp", "ntk"]) {
    const found = differences(`${folder}/ours.${quantity}`, `${folder}/peer.${quantity}`, N, precision);
    errors[quantity] = found;
    const allowed = tolerances[precision][quantity];
    same &&= found.apart <= allowed.apart && found.itself <= allowed.itself;
  }
  return { ...errors, same };
}
