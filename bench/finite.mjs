// How much structured derivatives save: the NTK of one finite network, with weights' derivatives left as products where
// that is cheaper, and all of them multiplied out, from the Jacobian on. Medians of rounds in turns; both are compared first.
import { performance } from "node:perf_hooks";
import { batch, networkFromData } from "lemniscate";
import { init } from "lemniscate/finite";
import { child, normals, randomKey } from "../packages/lemniscate/dist/core/random.js";
import { contract, ntkBetween } from "../packages/lemniscate/dist/finite/contract.js";
import { jacobian, summed } from "../packages/lemniscate/dist/finite/jacobian.js";
import { plain } from "../packages/lemniscate/dist/finite/plain.js";

const dense = { type: "dense", weightStd: 1.4 };
const relu = { type: "relu" };
const one = { type: "dense", width: 1 };
const pool = { type: "globalAvgPool" };
const rows = [
  ...[32, 128, 512, 1024].map((width) => ["2 hidden layers", [dense, relu, dense, relu, one], [64, 32], { width }]),
  ...[32, 128].map((width) => [
    "conv 3 × 3, pool",
    [{ type: "conv", filter: [3, 3] }, relu, { type: "conv", filter: [3, 3] }, relu, pool, one],
    [16, 8, 8, 3],
    { width },
  ]),
  ...[32, 128].map((width) => [
    "attention, pool",
    [dense, { type: "attention" }, relu, pool, one],
    [16, 8, 16],
    { width, heads: 4, keys: 16, values: 16 },
  ]),
];

/** Every array's derivatives as numbers, (outputs, examples, weights), and their products. */
function multipliedOut({ outputs, derivatives }) {
  const [n, S, C] = outputs.shape;
  return derivatives
    .map((derivative) => {
      const x = summed(derivative);
      const byOutput = plain.einsum("scnp->nscp", plain.reshape(x, [S, C, n, x.shape[2]]));
      return contract(byOutput, byOutput, "trace");
    })
    .reduce((sum, term) => plain.add(sum, term));
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
console.log(
  "| network | shape | width | structured, ms | multiplied out, ms | share |\n| --- | --- | --- | --- | --- | --- |",
);
for (const [name, layers, shape, sizes] of rows) {
  const network = networkFromData({ type: "serial", layers });
  const size = shape.reduce((product, length) => product * length, 1);
  const x = batch(shape, normals(child(randomKey(1), "x"), new Float64Array(size)));
  const weights = init(network, x, sizes);
  const ways = [(found) => ntkBetween(found, found, "trace"), multipliedOut].map(
    (of) => () => of(jacobian(network, weights, x, randomKey(0), 0)),
  );
  const [a, b] = ways.map((way) => way().data);
  const scale = Math.max(...a);
  if (!a.every((value, i) => Math.abs(value - b[i]) < 1e-10 * scale)) throw new Error(`${name}: the two differ`);
  const times = ways.map(() => []);
  for (let round = 0; round < 5; round++)
    for (const [w, way] of ways.entries()) {
      const started = performance.now();
      way();
      times[w].push(performance.now() - started);
    }
  const [ours, plainly] = times.map(median);
  console.log(
    `| ${name} | ${shape.join(" × ")} | ${sizes.width} | ${ours.toPrecision(3)} | ${plainly.toPrecision(3)} | ${(ours / plainly).toPrecision(2)} |`,
  );
}
