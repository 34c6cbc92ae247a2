/**
 * @module Finite networks once more, in loops over positions and channels, written from the formulas. It shares no code
 * with the library. Networks come with all their options, weights with the names that the library gives them.
 */
import type { Batch, Network } from "lemniscate";

interface Array1 {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
export type Tree = readonly Tree[] | { readonly [name: string]: Array1 | null };
// biome-ignore lint/suspicious/noExplicitAny: options are as many things as there are layers
type Layer = any;
type Vector = readonly number[];

/** Examples, each a vector of channels at every position. */
interface State {
  readonly grid: readonly number[];
  readonly x: readonly (readonly Vector[])[];
  readonly present: readonly (readonly boolean[])[];
  readonly graphs: readonly (readonly Vector[])[];
  /** Of several inputs, whose positions lie one behind the other. */
  readonly parts?: Batch["parts"];
}

export interface Sizes {
  readonly width: number;
  readonly heads: number;
  readonly keys: number;
  readonly values: number;
}

/** The outputs, example by example. */
export function outputs(network: Network, weights: Tree, x: Batch): number[] {
  return through(network, weights, inputOf(x)).x.flat(2);
}

const count = (grid: readonly number[]): number => grid.reduce((product, size) => product * size, 1);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const plus = (a: Vector, b: Vector): Vector => a.map((value, c) => value + b[c]!);
const times = (a: Vector, by: number): Vector => a.map((value) => value * by);
const zeroes = (d: number): Vector => new Array<number>(d).fill(0);

function inputOf({ shape, data, mask, graphs, parts }: Batch): State {
  const [n, ...rest] = shape;
  const [grid, d] = [rest.slice(0, -1), rest.at(-1)!];
  const S = count(grid);
  const present = range(n).map((i) => range(S).map((s) => (mask?.[i * S + s] ?? 1) === 1));
  const x = present.map((of, i) => of.map((there, s) => range(d).map((c) => (there ? data[(i * S + s) * d + c]! : 0))));
  const edges = present.map((of, i) =>
    of.map((_, s) => {
      const row = new Array<number>(S).fill(0);
      const { starts, sources, weights } = graphs ?? { starts: [], sources: [], weights: [] };
      for (let e = starts[i * S + s] ?? 0; e < (starts[i * S + s + 1] ?? 0); e++) row[sources[e]!]! += weights[e]!;
      return row;
    }),
  );
  return { grid, x, present, graphs: edges, parts };
}

function through(node: Layer, weights: Tree, below: State): State {
  const parts = weights as readonly Tree[];
  if (node.type === "serial")
    return node.layers.reduce((state: State, layer: Layer, i: number) => through(layer, parts[i]!, state), below);
  if (node.type === "repeat")
    return range(node.times).reduce((state, i) => through(node.layer, parts[i]!, state), below);
  if (["parallel", "product", "concat"].includes(node.type)) {
    const states: State[] = node.branches.map((branch: Layer, i: number) => through(branch, parts[i]!, below));
    const join = (a: Vector, b: Vector): Vector =>
      node.type === "parallel" ? plus(a, b) : node.type === "product" ? a.map((v, c) => v * b[c]!) : [...a, ...b];
    return states.reduce(({ grid, graphs, ...a }, b) => ({
      grid,
      graphs,
      x: a.x.map((of, i) => of.map((vector, s) => join(vector, b.x[i]![s]!))),
      present: a.present.map((of, i) => of.map((there, s) => there || b.present[i]![s]!)),
    }));
  }
  const layer = layers[node.type];
  if (layer === undefined) throw new Error(`the oracle knows no ${node.type}`);
  const above = layer(node, weights as { readonly [name: string]: Array1 | null }, below);
  return {
    ...above,
    x: above.x.map((of, i) => of.map((vector, s) => (above.present[i]![s] ? vector : zeroes(vector.length)))),
  };
}

type Rule = (o: Layer, w: { readonly [name: string]: Array1 | null }, s: State) => State;

/** Where the positions of a grid are. */
function coordinates(grid: readonly number[]): number[][] {
  return grid.reduce<number[][]>((all, size) => all.flatMap((at) => range(size).map((k) => [...at, k])), [[]]);
}

function placeOf(at: readonly number[], grid: readonly number[]): number {
  return at.reduce((place, k, axis) => place * grid[axis]! + k, 0);
}

/** What one axis of windows reads: for each window the index under every tap, −1 outside. */
function axisWindows(n: number, k: number, stride: number, padding: string): number[][] {
  const outs = padding === "valid" ? Math.floor((n - k) / stride) + 1 : Math.ceil(n / stride);
  const before = padding === "valid" ? 0 : Math.floor(Math.max(0, (outs - 1) * stride + k - n) / 2);
  return range(outs).map((p) =>
    range(k).map((f) => {
      const at = p * stride + f - before;
      if (padding === "circular") return ((at % n) + n) % n;
      return at < 0 || at >= n ? -1 : at;
    }),
  );
}

/** Of transposed convolution: n·stride positions (more where a valid filter overhangs) of a sequence with zeros between. */
function axisTransposed(n: number, k: number, stride: number, padding: string): number[][] {
  const valid = padding === "valid";
  const before = valid || stride > k - 1 ? k - 1 : Math.ceil((k + stride - 2) / 2);
  const outs = n * stride + (valid ? Math.max(k - stride, 0) : 0);
  return range(outs).map((p) =>
    range(k).map((f) => {
      const wide = p + f - before;
      const at = padding === "circular" ? ((wide % (n * stride)) + n * stride) % (n * stride) : wide;
      return at >= 0 && at % stride === 0 && at / stride < n ? at / stride : -1;
    }),
  );
}

/** Windows on a grid, from those of its axes: the place under every tap. */
function windows(o: Layer, grid: readonly number[], of = axisWindows): { to: number[]; taps: number[][] } {
  const each = (value: number | readonly number[], axis: number): number =>
    typeof value === "number" ? value : value[axis]!;
  const axes = grid.map((n, axis) => of(n, each(o.filter, axis), each(o.strides, axis), o.padding));
  const taps = coordinates(axes.map((axis) => axis.length)).map((at) =>
    coordinates(axes.map((axis) => axis[0]!.length)).map((f) => {
      const read = at.map((p, axis) => axes[axis]![p]![f[axis]!]!);
      return read.includes(-1) ? -1 : placeOf(read, grid);
    }),
  );
  return { to: axes.map((axis) => axis.length), taps };
}

/** The tap in the middle of a window, the earlier one of two. */
function middle(o: Layer, grid: readonly number[]): number {
  const sizes = grid.map((_, axis) => (typeof o.filter === "number" ? o.filter : o.filter[axis]));
  return placeOf(
    sizes.map((k) => Math.floor((k - 1) / 2)),
    sizes,
  );
}

/** What weights make of the numbers that they meet: (inputs, outputs), from some offset on. */
function affine(o: Layer, w: Array1, bias: Vector | null, met: Vector, from = 0): Vector {
  const outs = w.shape.at(-1)!;
  const standard = o.parameterization === "standard";
  const scale = standard ? 1 / Math.sqrt(o.widthScale[0]) : o.weightStd / Math.sqrt(met.length);
  return range(outs).map((k) => {
    const value = scale * sum(met.map((v, m) => v * w.data[(from + m) * outs + k]!));
    return value + (bias === null ? 0 : (standard ? 1 : o.biasStd) * bias[k]!);
  });
}

const mapped = (s: State, f: (vectors: readonly Vector[], i: number) => readonly Vector[]): State => ({
  ...s,
  x: s.x.map(f),
});

const convolution =
  (of: typeof axisWindows, local: boolean): Rule =>
  (o, w, s) => {
    const { to, taps } = windows(o, s.grid, of);
    const d = s.x[0]![0]!.length;
    const x = s.x.map((vectors) =>
      taps.map((reads, p) => {
        const met = reads.flatMap((at) => (at < 0 ? zeroes(d) : vectors[at]!));
        const outs = w.weight!.shape.at(-1)!;
        const from = local ? p * outs : 0;
        const bias = w.bias == null ? null : Array.from(w.bias.data).slice(from, from + outs);
        return affine(o, w.weight!, bias, met, local ? p * met.length : 0);
      }),
    );
    const m = middle(o, s.grid);
    const present = s.present.map((there) =>
      taps.map((reads) =>
        of === axisTransposed ? reads.every((at) => at < 0 || there[at]!) : reads[m]! >= 0 && there[reads[m]!]!,
      ),
    );
    return { ...s, grid: to, x, present };
  };

const pooling =
  (share: (o: Layer, reads: readonly number[]) => number): Rule =>
  (o, _, s) => {
    const { to, taps } = windows(o, s.grid);
    const d = s.x[0]![0]!.length;
    const m = middle(o, s.grid);
    const over = (vectors: readonly Vector[], reads: readonly number[]): Vector =>
      times(
        reads.reduce<Vector>((all, at) => (at < 0 ? all : plus(all, vectors[at]!)), zeroes(d)),
        share(o, reads),
      );
    return {
      ...s,
      grid: to,
      x: s.x.map((vectors) => taps.map((reads) => over(vectors, reads))),
      present: s.present.map((there) => taps.map((reads) => there[reads[m]!]!)),
    };
  };

const normalization =
  (centered: boolean): Rule =>
  (o, _, s) => {
    const at = coordinates(s.grid);
    const apart = s.grid.map((_, axis) => axis).filter((axis) => o.over !== "all" && !o.over.includes(axis));
    const group = at.map((a) =>
      range(at.length).filter((b) => (o.over === "channels" ? at[b] === a : apart.every((k) => at[b]![k] === a[k]))),
    );
    return mapped(s, (vectors, i) =>
      vectors.map((vector, a) => {
        const members = group[a]!.filter((b) => s.present[i]![b]);
        if (members.length === 0) return vector;
        const numbers = members.flatMap((b) => vectors[b]!);
        const mean = centered ? sum(numbers) / numbers.length : 0;
        const variance = sum(numbers.map((v) => (v - mean) ** 2)) / numbers.length;
        const epsilon = (o.epsilon * group[a]!.length) / members.length;
        return vector.map((v) => (v - mean) / Math.sqrt(variance + epsilon));
      }),
    );
  };

/** One position of all. */
const pooled = (s: State, of: (vectors: readonly Vector[], there: readonly boolean[]) => Vector): State => ({
  ...s,
  grid: [],
  x: s.x.map((vectors, i) => [of(vectors, s.present[i]!)]),
  present: s.present.map((there) => [there.includes(true)]),
});

/** Positions that are sums of positions: weights of each by the grid that they stand on. */
function linearly(s: State, grid: readonly number[], rows: readonly Vector[]): State {
  const over = (vectors: readonly Vector[], row: Vector): Vector =>
    row.reduce<Vector>((all, weight, t) => plus(all, times(vectors[t]!, weight)), zeroes(vectors[0]!.length));
  return {
    ...s,
    grid,
    x: s.x.map((vectors) => rows.map((row) => over(vectors, row))),
    present: s.present.map((there) => rows.map((row) => row.some((weight, t) => weight !== 0 && there[t]!))),
  };
}

/** Matrices for the axes, as one for all positions. */
function along(grid: readonly number[], axes: readonly (readonly Vector[])[]): Vector[] {
  const to = coordinates(axes.map((rows) => rows.length));
  return to.map((p) =>
    coordinates(grid).map((t) => p.reduce((product, row, axis) => product * axes[axis]![row]![t[axis]!]!, 1)),
  );
}

const unit = (n: number, at: number): Vector => range(n).map((t) => (t === at ? 1 : 0));
const units = (n: number): Vector[] => range(n).map((at) => unit(n, at));

function softmax(logits: Vector, allowed: readonly boolean[]): Vector {
  const powers = logits.map((g, b) => (allowed[b] ? Math.exp(g) : 0));
  const total = sum(powers);
  return powers.map((power) => (total === 0 ? 0 : power / total));
}

/** The nearest point of the simplex: by sorting. */
function sparsemax(logits: Vector, allowed: readonly boolean[]): Vector {
  const sorted = logits.filter((_, b) => allowed[b]).sort((a, b) => b - a);
  let tau = 0;
  for (const k of range(sorted.length)) {
    const candidate = (sum(sorted.slice(0, k + 1)) - 1) / (k + 1);
    if (sorted[k]! > candidate) tau = candidate;
  }
  return logits.map((g, b) => (allowed[b] ? Math.max(0, g - tau) : 0));
}

/** The covariance of encodings at two places. */
function encodingCovariance(position: Layer, a: readonly number[], b: readonly number[]): number {
  const r = sum(a.map((k, axis) => Math.abs(k - b[axis]!) ** position.power));
  if (position.decay === "exponential") return Math.exp(-position.rate * r);
  if (position.decay === "inverse") return 1 / (1 + position.rate * r);
  if (position.decay === "inverseSquare") return 1 / (1 + position.rate * r * r);
  return r === 0 ? 1 : 0;
}

/** Encodings, (positions, channels): a factor L of their covariance R = L Lᵀ times noise. */
function encodingsOf(position: Layer, noise: Array1, grid: readonly number[]): Vector[] {
  const at = coordinates(grid);
  const R = at.map((a) => at.map((b) => encodingCovariance(position, a, b)));
  const L = at.map(() => new Array<number>(at.length).fill(0));
  for (const i of range(at.length))
    for (const j of range(i + 1)) {
      const rest = R[i]![j]! - sum(range(j).map((k) => L[i]![k]! * L[j]![k]!));
      L[i]![j] = i === j ? Math.sqrt(rest) : rest / L[j]![j]!;
    }
  const d = noise.shape[1]!;
  return L.map((row) => range(d).map((c) => position.std * sum(row.map((l, k) => l * noise.data[k * d + c]!))));
}

const attention: Rule = (o, w, s) => {
  const S = count(s.grid);
  const { position } = o;
  const encodings = position === null ? null : encodingsOf(position, w.encodings!, s.grid);
  const allowed = (a: number, b: number): boolean => {
    if (o.mask === null) return true;
    const { causal = false, band = null, allowed = null } = o.mask === "causal" ? { causal: true } : o.mask;
    return !(causal && b > a) && !(band !== null && Math.abs(a - b) > band) && !(allowed !== null && !allowed[a][b]);
  };
  const [, heads, keys] = w.key!.shape as [number, number, number];
  const [, , values] = w.value!.shape as [number, number, number];
  const project = (vector: Vector, W: Array1, h: number): Vector => {
    const [, H, K] = W.shape as [number, number, number];
    return range(K).map((k) => sum(vector.map((v, c) => v * W.data[(c * H + h) * K + k]!)));
  };
  return mapped(s, (vectors, i) => {
    const there = s.present[i]!;
    const masked = (of: Vector, a: number): Vector => (there[a] ? of : zeroes(of.length));
    const both =
      encodings === null
        ? vectors
        : vectors.map((v, a) =>
            masked(position.combine === "sum" ? plus(v, encodings[a]!) : [...v, ...encodings[a]!], a),
          );
    const seen = position?.logits === "encodings" ? encodings!.map(masked) : both;
    const from = position?.values ? both : vectors;
    const d = seen[0]!.length;
    const standard = o.parameterization === "standard";
    const scale = (standard ? 1 : (o.queryStd * o.keyStd) / d) / (o.scaling === "linear" ? keys : Math.sqrt(keys));
    const mixed = range(heads).map((h) => {
      const K = seen.map((v) => project(v, w.key!, h));
      const Q = o.scaling === "linear" ? K : seen.map((v) => project(v, w.query!, h));
      const V = from.map((v) => project(v, w.value!, h));
      return range(S).map((a) => {
        const logits = K.map((key) => scale * sum(key.map((k, c) => k * Q[a]![c]!)));
        const open = range(S).map((b) => there[b]! && allowed(a, b));
        const { weights } = o;
        const zeta =
          weights === "softmax"
            ? softmax(logits, open)
            : weights === "sparsemax"
              ? sparsemax(logits, open)
              : logits.map((g, b) => (open[b] ? functions[weights.type ?? weights]!(g, withDefaults(weights)) : 0));
        return V.reduce<Vector>((all, v, b) => plus(all, times(v, zeta[b]!)), zeroes(values));
      });
    });
    const std = standard ? 1 : (o.outStd * o.valueStd) / Math.sqrt(heads * values * from[0]!.length);
    const width = w.out!.shape[2]!;
    return range(S).map((a) => {
      const y = range(width).map((k) => {
        const at = (h: number, v: number): number => w.out!.data[(h * values + v) * width + k]!;
        const total = sum(mixed.map((of, h) => sum(of[a]!.map((value, v) => value * at(h, v)))));
        return std * total + (w.bias == null ? 0 : (standard ? 1 : o.biasStd) * w.bias.data[k]!);
      });
      if (o.skip === 0) return y;
      return plus(times(vectors[a]!, Math.sqrt(o.skip)), times(y, Math.sqrt(1 - o.skip)));
    });
  });
};

/** Options of a function of logits that is named alone. */
function withDefaults(weights: Layer): Layer {
  return typeof weights === "string" ? { scale: 1, slope: 1, shift: 0, phase: 0 } : weights;
}

/** erf by its series and its continued fraction. */
function erf(x: number): number {
  if (Math.abs(x) > 3) {
    let tail = 0;
    for (let k = 60; k >= 1; k--) tail = k / 2 / (Math.abs(x) + tail);
    return Math.sign(x) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (Math.abs(x) + tail));
  }
  let [term, total] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/** Probabilists' Hermite polynomials over √n!. */
function hermite(n: number, x: number): number {
  let [before, now] = [0, 1];
  for (let k = 0; k < n; k++) [before, now] = [now, (x * now - Math.sqrt(k) * before) / Math.sqrt(k + 1)];
  return now;
}

/** Of every layer that applies a function to each number. */
const functions: Readonly<Record<string, (x: number, o: Layer) => number>> = {
  identity: (x) => x,
  relu: (x) => (x > 0 ? x : 0),
  leakyRelu: (x, { slope }) => (x > 0 ? x : slope * x),
  abRelu: (x, { below, above }) => (x > 0 ? above * x : below * x),
  abs: (x) => (x > 0 ? x : -x),
  erf: (x, { scale, slope, shift }) => scale * erf(slope * x) + shift,
  gelu: (x) => (x / 2) * (1 + erf(x / Math.sqrt(2))),
  sin: (x, { scale, slope, phase }) => scale * Math.sin(slope * x + phase),
  cos: (x, { scale, slope, phase }) => scale * Math.cos(slope * x + phase),
  exp: (x, { scale, slope }) => scale * Math.exp(slope * x),
  rbf: (x, { gamma }) => Math.sin(Math.sqrt(2 * gamma) * x) + Math.cos(Math.sqrt(2 * gamma) * x),
  sigmoidLike: (x) => (1 + erf(x / 2.4020563531719796)) / 2,
  gaussian: (x, { scale, exponent }) => scale * Math.exp(exponent * x * x),
  gabor: (x) => Math.exp(-x * x) * Math.sin(x),
  sign: (x) => Math.sign(x),
  monomial: (x, { degree }) => x ** degree,
  rectifiedMonomial: (x, { degree }) => (x > 0 ? x ** degree : 0),
  hermite: (x, { degree }) => hermite(degree, x),
  polynomial: (x, { coefficients }) => sum(coefficients.map((c: number, k: number) => c * x ** k)),
  // The area under the slope, from 0 to x.
  piecewiseLinear: (x, { knots, slopes, atZero }) => {
    const ends = [Number.NEGATIVE_INFINITY, ...knots, Number.POSITIVE_INFINITY];
    const [low, high] = [Math.min(0, x), Math.max(0, x)];
    const area = sum(
      slopes.map(
        (slope: number, k: number) => slope * Math.max(0, Math.min(high, ends[k + 1]) - Math.max(low, ends[k])),
      ),
    );
    return atZero + Math.sign(x) * area;
  },
  hardTanh: (x) => Math.max(-1, Math.min(1, x)),
  elementwise: (x, { fn }) => named[fn]!(x),
  elementwiseNumerical: (x, { fn }) => named[fn]!(x),
};

const named: Readonly<Record<string, (x: number) => number>> = {
  tanh: (x) => 1 - 2 / (Math.exp(2 * x) + 1),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  softplus: (x) => Math.log(1 + Math.exp(x)),
  elu: (x) => (x > 0 ? x : Math.exp(x) - 1),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (Math.exp(x) - 1)),
};

/** Every layer by its name; dropout, which is random, in test mode only. */
export const layers: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    Object.entries(functions).map(([name, f]): [string, Rule] => [
      name,
      (o, _, s) => mapped(s, (vectors) => vectors.map((vector) => vector.map((v) => f(v, o)))),
    ]),
  ),
  dense: (o, w, s) =>
    mapped(s, (vectors) =>
      vectors.map((v) => affine(o, w.weight!, w.bias == null ? null : Array.from(w.bias.data), v)),
    ),
  conv: convolution(axisWindows, false),
  convLocal: convolution(axisWindows, true),
  convTranspose: convolution(axisTransposed, false),
  attention,
  layerNorm: normalization(true),
  rmsNorm: normalization(false),
  avgPool: pooling((o, reads) => 1 / (o.countPadding ? reads.length : reads.filter((at) => at >= 0).length)),
  sumPool: pooling(() => 1),
  globalAvgPool: (_, __, s) =>
    pooled(s, (vectors, there) => times(vectors.reduce(plus), 1 / Math.max(1, there.filter(Boolean).length))),
  globalSumPool: (_, __, s) => pooled(s, (vectors) => vectors.reduce(plus)),
  flatten: (_, __, s) => pooled(s, (vectors) => vectors.flat()),
  token: ({ at }, _, s) => {
    const place = (there: readonly boolean[]): number =>
      typeof at === "number" ? at : at === "first" ? there.indexOf(true) : there.lastIndexOf(true);
    const one = pooled(s, (vectors, there) => vectors[place(there)] ?? zeroes(vectors[0]!.length));
    return typeof at === "number" ? { ...one, present: s.present.map((there) => [there[at]!]) } : one;
  },
  slice: ({ axes }, _, s) => {
    const rows = s.grid.map((n, axis) => {
      const spec = axes[axis] ?? {};
      if (typeof spec === "number") return [unit(n, (spec + n) % n)];
      const { start, stop, step = 1 } = spec;
      const at = (k: number): number => (k < 0 ? k + n : k);
      const chosen = range(n).filter((k) => {
        const [from, to] = step > 0 ? [start ?? 0, stop ?? n] : [start ?? n - 1, stop];
        const inside = step > 0 ? k >= at(from) && k < at(to!) : k <= at(from) && (to === undefined || k > at(to));
        return inside && (k - at(from)) % step === 0;
      });
      return (step > 0 ? chosen : chosen.reverse()).map((k) => unit(n, k));
    });
    const kept = rows.filter((_, axis) => typeof axes[axis] !== "number").map((of) => of.length);
    return linearly(s, kept, along(s.grid, rows));
  },
  resize: ({ to, method, antialias }, _, s) => {
    const rows = s.grid.map((n, axis) => {
      const m = to[axis] ?? n;
      if (m === n) return units(n);
      return range(m).map((p) => {
        const x = ((p + 0.5) * n) / m;
        if (method === "nearest") return unit(n, Math.floor(x));
        const reach = antialias ? Math.max(1, n / m) : 1;
        const weights = range(n).map((t) => Math.max(0, 1 - Math.abs(x - 0.5 - t) / reach));
        return times(weights, 1 / sum(weights));
      });
    });
    return linearly(
      s,
      rows.map((of) => of.length),
      along(s.grid, rows),
    );
  },
  linear: ({ matrix, axis }, _, s) => {
    const alone = typeof matrix[0] === "number";
    const rows = s.grid.map((n, k) => (k !== axis ? units(n) : alone ? [matrix] : matrix));
    const sizes = rows.map((of) => of.length).filter((_, k) => k !== axis || !alone);
    return linearly(s, sizes, along(s.grid, rows));
  },
  scale: ({ factor }, _, s) => mapped(s, (vectors) => vectors.map((v) => times(v, factor))),
  aggregate: (_, __, s) =>
    mapped(s, (vectors, i) =>
      vectors.map((v, a) =>
        s.graphs[i]![a]!.reduce<Vector>((all, weight, t) => plus(all, times(vectors[t]!, weight)), zeroes(v.length)),
      ),
    ),
  dropout: (_, __, s) => s,
  input: ({ name }, _, { x, present, graphs, parts = [] }) => {
    const at = parts.findIndex((part) => part.name === name);
    const { grid, channels } = parts[at]!;
    const from = sum(parts.slice(0, at).map((part) => count(part.grid)));
    const own = <T>(of: readonly T[]): readonly T[] => of.slice(from, from + count(grid));
    const chosen = x.map((vectors) => own(vectors).map((vector) => vector.slice(0, channels)));
    return { grid, x: chosen, present: present.map(own), graphs };
  },
};

/** What `init` has to draw for one layer behind `channels` channels on a grid: shapes and standard deviations. */
export function weightsOf(
  o: Layer,
  grid: readonly number[],
  channels: number,
  sizes: Sizes,
): Readonly<Record<string, { readonly shape: readonly number[]; readonly std: number } | null>> {
  const one = (...shape: readonly number[]) => ({ shape, std: 1 });
  const [outs, heads, keys, values] = [
    o.width ?? sizes.width,
    ...[o.heads ?? sizes.heads, o.keys ?? sizes.keys, o.values ?? sizes.values],
  ];
  if (o.type === "attention") {
    const { position } = o;
    const encodings = position?.combine === "concat" ? (position.width ?? channels) : channels;
    const both = position?.combine === "concat" ? channels + encodings : channels;
    const seen = position?.logits === "encodings" ? encodings : both;
    const into = position?.values ? both : channels;
    const drawn = (variance: number, ...shape: readonly number[]) => ({
      shape,
      std: o.parameterization === "standard" ? Math.sqrt(variance) : 1,
    });
    const tied = o.scaling === "linear";
    return {
      query: tied ? null : drawn(o.queryStd ** 2 / seen, seen, heads, keys),
      key: drawn((tied ? o.queryStd * o.keyStd : o.keyStd ** 2) / seen, seen, heads, keys),
      value: drawn(o.valueStd ** 2 / into, into, heads, values),
      out: drawn(o.outStd ** 2 / (heads * values), heads, values, outs),
      bias: o.biasStd === null ? null : drawn(o.biasStd ** 2, outs),
      encodings: position === null ? null : one(count(grid), encodings),
    };
  }
  if (!["dense", "conv", "convLocal", "convTranspose"].includes(o.type)) return {};
  const taps = o.type === "dense" ? 1 : grid.reduce((all, _, k) => all * (o.filter[k] ?? o.filter), 1);
  const places = o.type === "convLocal" ? [windows(o, grid).taps.length] : [];
  const [scaleIn, scaleOut] = o.widthScale;
  const standard = o.parameterization === "standard";
  const std = standard ? o.weightStd * Math.sqrt(scaleIn / (taps * channels)) : 1;
  const axes = o.type === "dense" ? [channels] : [...places, taps, channels];
  return {
    weight: { shape: [...axes, outs * scaleOut], std },
    bias: o.biasStd === null ? null : { shape: [...places, outs * scaleOut], std: standard ? o.biasStd : 1 },
  };
}
