/**
 * What is raced: networks as data, which both sides build, the shape of their inputs, and the figures to reach
 * (how many times faster than the peer, and with how many times less memory).
 */
const dense = { type: "dense", weightStd: Math.SQRT2, biasStd: 0.1 };
const readout = { type: "dense", weightStd: 1, biasStd: 0 };
const relu = { type: "relu" };
const softmax = { type: "attention" };
const pool = { type: "globalAvgPool" };
const flatten = { type: "flatten" };
const convolution = { type: "conv", filter: [3, 3], padding: "same", weightStd: Math.SQRT2, biasStd: 0.1 };

const times = (count, ...layers) => Array.from({ length: count }, () => layers).flat();
const attentions = (attention, ...tail) => [dense, attention, relu, dense, attention, ...tail, readout];

const perceptron = (layers, N, target) => ({
  name: `dense + ReLU, ${layers} hidden layers, N = ${N}, D = 784`,
  network: [...times(layers, dense, relu), readout],
  shape: [N, 784],
  target,
});
const wide = { time: { f32: 4.5, f64: 3 }, memory: 5 };
const deep = { time: { f32: 12, f64: 7 }, memory: 7 };

const tokens = (S) => [64, S, 32];
const transformer = (S, end) => ({
  name: `2 × attention + ReLU, ${end.type === "flatten" ? "flatten" : "mean"}, S = ${S}, N = 64`,
  network: attentions(softmax, relu, end),
  shape: tokens(S),
  target: { time: { f32: 7, f64: 9 }, memory: 18 },
});
/** Lengths 1 to S in an order that does not sort them, so that their mean is half of S. */
const lengths = (N, S) => Array.from({ length: N }, (_, n) => 1 + Math.round((((n * 37) % N) / (N - 1)) * (S - 1)));

const images = (end, side, N, target) => ({
  name: `3 × (conv 3×3 + ReLU), ${end.type === "flatten" ? "flatten" : "mean"}, ${side}×${side}, N = ${N}`,
  network: [...times(3, convolution, relu), end, readout],
  shape: [N, side, side, 3],
  target,
});
const pooledImages = { time: { f32: 100, f64: 30 }, memory: 8 };

export const workloads = [
  { ...perceptron(3, 2000, wide), quick: true },
  perceptron(3, 4000, wide),
  { ...perceptron(10, 2000, deep), quick: true },
  perceptron(10, 4000, deep),
  { ...transformer(64, flatten), quick: true },
  transformer(64, pool),
  transformer(128, flatten),
  transformer(128, pool),
  transformer(256, flatten),
  transformer(256, pool),
  {
    name: "2 × attention, mean, nothing behind, S = 128, N = 64",
    network: attentions(softmax, pool),
    shape: tokens(128),
    target: { time: { f32: 20, f64: 20 }, memory: 18 },
    quick: true,
  },
  {
    name: "2 × attention + ReLU, mean, lengths 1 … 128, N = 64",
    network: attentions(softmax, relu, pool),
    shape: tokens(128),
    lengths: lengths(64, 128),
    target: { time: { f32: 20, f64: 20 }, memory: 18 },
    quick: true,
  },
  images(pool, 16, 16, pooledImages),
  images(pool, 32, 4, pooledImages),
  images(flatten, 32, 200, { time: { f32: 20, f64: 20 }, memory: 10 }),
  {
    name: "2 × d^-1/2 identity attention + ReLU, mean, S = 128, N = 64",
    // Its covariances are sums over positions: 1/S keeps them near 1.
    network: attentions({ type: "attention", scaling: "sqrt", weights: "identity", outStd: 1 / 128 }, relu, pool),
    shape: tokens(128),
    target: { time: { f32: 6, f64: 6 }, memory: 18 },
  },
  {
    name: "first result of a fresh process, 3 hidden layers, N = 100",
    network: perceptron(3, 100).network,
    shape: [100, 784],
    fresh: true,
    target: { time: { f32: 20, f64: 20 } },
    quick: true,
  },
];
