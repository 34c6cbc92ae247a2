/**
 * @module Finite networks with random weights: what the kernels are the limits of. Plain loops, NTK parameterisation;
 * every parameter is drawn from N(0, 1), positional encodings included.
 */
import type { Batch, Network } from "lemniscate";
import { type Random, random } from "./random.js";

type Data = { readonly type: string; readonly [option: string]: unknown };

/** Activations: for each example and position a row of channels; padding is 0. */
interface Activations {
  readonly rows: readonly Float64Array[];
  readonly mask: readonly number[];
  readonly S: number;
  readonly grid: readonly number[];
}

/** Parameters in the order in which the network asks for them. */
type Take = (count: number) => Float64Array;

export interface Estimate {
  /** Mean over networks and output channels, (n, n). */
  readonly mean: number[];
  /** Its standard error. */
  readonly error: number[];
}

/**
 * Averages of f(x)·f(x') and of J(x)·J(x') over random networks of a width, (n, n) each.
 *
 * With a random direction v ~ N(0, I) in parameter space, E[(J v)(J v)ᵀ] = J Jᵀ, so the NTK needs two forward passes a
 * network instead of a gradient: J v is a central difference.
 */
export function monteCarlo(
  network: Network,
  x: Batch,
  width: number,
  networks: number,
  seed: number,
): { readonly nngp: Estimate; readonly ntk: Estimate } {
  const dice = random(seed);
  const n = x.shape[0];
  const [nngp, ntk] = [new Moments(n * n), new Moments(n * n)];
  const step = 1e-4;
  for (let run = 0; run < networks; run++) {
    const drawn = new Drawn(dice);
    const value = outputs(network, x, width, drawn.shifted(0));
    const [up, down] = [step, -step].map((by) => outputs(network, x, width, drawn.shifted(by)));
    const change = value.map((row, i) => row.map((_, c) => (up![i]![c]! - down![i]![c]!) / (2 * step)));
    nngp.add(products(value));
    ntk.add(products(change));
  }
  return { nngp: nngp.estimate(), ntk: ntk.estimate() };
}

/** (1/C) Σ_c f_c(x) f_c(x'), row by row. */
function products(rows: readonly Float64Array[]): number[] {
  return rows.flatMap((f) => rows.map((g) => f.reduce((sum, value, c) => sum + value * g[c]!, 0) / f.length));
}

class Moments {
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#sum = new Float64Array(size);
    this.#squares = new Float64Array(size);
  }

  add(values: readonly number[]): void {
    this.#count++;
    for (const [i, value] of values.entries()) {
      this.#sum[i]! += value;
      this.#squares[i]! += value * value;
    }
  }

  estimate(): Estimate {
    const count = this.#count;
    const mean = [...this.#sum].map((sum) => sum / count);
    const error = [...this.#squares].map((squares, i) => Math.sqrt((squares / count - mean[i]! ** 2) / (count - 1)));
    return { mean, error };
  }
}

/** The weights of one network and a direction to move them in, drawn when first asked for. */
class Drawn {
  readonly #dice: Random;
  readonly #pieces: { readonly weights: Float64Array; readonly direction: Float64Array }[] = [];

  constructor(dice: Random) {
    this.#dice = dice;
  }

  shifted(by: number): Take {
    let next = 0;
    return (count) => {
      this.#pieces[next] ??= {
        weights: Float64Array.from({ length: count }, this.#dice.normal),
        direction: Float64Array.from({ length: count }, this.#dice.normal),
      };
      const { weights, direction } = this.#pieces[next++]!;
      return by === 0 ? weights : weights.map((w, i) => w + by * direction[i]!);
    };
  }
}

/** The outputs of a network that ends with features: a row of channels for each example. */
function outputs(network: Network, x: Batch, width: number, take: Take): readonly Float64Array[] {
  const S = x.shape.slice(1, -1).reduce((product, size) => product * size, 1);
  const d = x.shape.at(-1)!;
  const mask = Array.from({ length: x.shape[0] * S }, (_, row) => x.mask?.[row] ?? 1);
  const rows = mask.map((present, row) =>
    Float64Array.from(x.data.subarray(row * d, (row + 1) * d), (v) => v * present),
  );
  return forward(network as unknown as Data, { rows, mask, S, grid: x.shape.slice(1, -1) }, width, take).rows;
}

function forward(network: Data, below: Activations, width: number, take: Take): Activations {
  const option = (name: string): number => network[name] as number;
  const each = (f: (row: Float64Array) => Float64Array): Activations => ({ ...below, rows: below.rows.map(f) });
  const apply = (phi: (x: number) => number): Activations => kept(each((row) => row.map(phi)));
  switch (network.type) {
    case "serial":
      return (network["layers"] as Data[]).reduce((state, layer) => forward(layer, state, width, take), below);
    case "parallel": {
      const branches = (network["branches"] as Data[]).map((branch) => forward(branch, below, width, take));
      return each2(branches, (values) => values.reduce((x, y) => x + y));
    }
    case "identity":
      return below;
    case "dense": {
      const d = below.rows[0]!.length;
      const W = take(d * width);
      const bias = take(width);
      const scale = option("weightStd") / Math.sqrt(d);
      return kept(each((row) => times(row, W, width).map((v, c) => scale * v + option("biasStd") * bias[c]!)));
    }
    case "conv": {
      const d = below.rows[0]!.length;
      const size = (network["filter"] as number[]).reduce((x, y) => x * y);
      const weights = Array.from({ length: size }, () => take(d * width));
      const bias = take(width);
      const scale = option("weightStd") / Math.sqrt(d * size);
      return windowed(network, below, (under) => {
        const sum = Float64Array.from(bias, (b) => option("biasStd") * b);
        for (const [t, row] of under.entries())
          if (row !== undefined) for (const [c, v] of times(row, weights[t]!, width).entries()) sum[c]! += scale * v;
        return sum;
      });
    }
    case "avgPool":
    case "sumPool":
      return windowed(network, below, (under) => {
        const inside = under.filter((row) => row !== undefined);
        const count = network["countPadding"] === true ? under.length : inside.length;
        const share = network.type === "sumPool" ? 1 : 1 / count;
        return inside[0]!.map((_, c) => share * inside.reduce((sum, row) => sum + row[c]!, 0));
      });
    case "relu":
      return apply((x) => Math.max(x, 0));
    case "abs":
      return apply(Math.abs);
    case "erf":
      return apply((x) => option("scale") * erf(option("slope") * x) + option("shift"));
    case "gelu":
      return apply((x) => (x / 2) * (1 + erf(x / Math.SQRT2)));
    case "sin":
      return apply((x) => option("scale") * Math.sin(option("slope") * x + option("phase")));
    case "layerNorm":
      return layerNorm(network, below);
    case "flatten":
      return pooled(below, (rows) => Float64Array.from(rows.flatMap((row) => [...row])));
    case "globalAvgPool":
      return pooled(below, (rows, present) => {
        const share =
          1 /
          Math.max(
            1,
            present.reduce((x, y) => x + y),
          );
        return rows[0]!.map((_, c) => share * rows.reduce((sum, row) => sum + row[c]!, 0));
      });
    case "attention":
      return attention(network, below, width, take);
    default:
      throw new Error(`no finite ${network.type}`);
  }
}

/** Zeros on padding. */
function kept(state: Activations): Activations {
  return { ...state, rows: state.rows.map((row, i) => (state.mask[i] === 1 ? row : row.fill(0))) };
}

function each2(branches: readonly Activations[], of: (values: readonly number[]) => number): Activations {
  const rows = branches[0]!.rows.map((row, i) => row.map((_, c) => of(branches.map((branch) => branch.rows[i]![c]!))));
  return { ...branches[0]!, rows };
}

/** x W for a row x and a matrix W with `columns` columns. */
function times(x: Float64Array, W: Float64Array, columns: number, from = 0): Float64Array {
  const out = new Float64Array(columns);
  for (let k = 0; k < x.length; k++) {
    const v = x[k]!;
    const at = from + k * columns;
    for (let c = 0; c < columns; c++) out[c]! += v * W[at + c]!;
  }
  return out;
}

function examplesOf({ rows, mask, S }: Activations): { rows: Float64Array[]; mask: number[] }[] {
  return Array.from({ length: rows.length / S }, (_, i) => ({
    rows: rows.slice(i * S, (i + 1) * S),
    mask: mask.slice(i * S, (i + 1) * S),
  }));
}

function pooled(below: Activations, of: (rows: Float64Array[], mask: number[]) => Float64Array): Activations {
  const examples = examplesOf(below);
  return {
    rows: examples.map(({ rows, mask }) => of(rows, mask)),
    mask: examples.map(({ mask }) => Math.max(...mask)),
    S: 1,
    grid: [],
  };
}

/** Of each window what `of` makes of the rows under it, which are undefined outside the grid. Filters and strides are lists. */
function windowed(
  network: Data,
  below: Activations,
  of: (under: readonly (Float64Array | undefined)[]) => Float64Array,
): Activations {
  const { grid, S } = below;
  const [filter, strides] = [network["filter"] as number[], network["strides"] as number[]];
  const valid = network["padding"] === "valid";
  const to = grid.map((n, k) => Math.ceil((valid ? n - filter[k]! + 1 : n) / strides[k]!));
  const low = grid.map((n, k) => (valid ? 0 : Math.max(0, (to[k]! - 1) * strides[k]! + filter[k]! - n) >> 1));
  const all = (sizes: readonly number[]): number[][] =>
    sizes.reduce<number[][]>((list, n) => list.flatMap((p) => Array.from({ length: n }, (_, i) => [...p, i])), [[]]);
  const place = (p: readonly number[], t: readonly number[]): number | undefined => {
    const at = grid.map((n, k) => {
      const i = p[k]! * strides[k]! + t[k]! - low[k]!;
      return network["padding"] === "circular" ? (i + 8 * n) % n : i;
    });
    if (at.some((i, k) => i < 0 || i >= grid[k]!)) return undefined;
    return at.reduce((sum, i, k) => sum * grid[k]! + i, 0);
  };
  const center = filter.map((n) => (n - 1) >> 1);
  const places = all(to);
  const examples = Array.from({ length: below.rows.length / S }, (_, i) => i * S);
  const row = (first: number, at: number | undefined): Float64Array | undefined =>
    at === undefined ? undefined : below.rows[first + at];
  return kept({
    rows: examples.flatMap((first) => places.map((p) => of(all(filter).map((t) => row(first, place(p, t)))))),
    mask: examples.flatMap((first) => places.map((p) => below.mask[first + place(p, center)!]!)),
    S: places.length,
    grid: to,
  });
}

function layerNorm(network: Data, below: Activations): Activations {
  const variance = (row: Float64Array): number => {
    const mean = row.reduce((x, y) => x + y, 0) / row.length;
    return row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / row.length;
  };
  const rows = examplesOf(below).flatMap(({ rows, mask }) => {
    const variances = rows.map(variance);
    const count = mask.reduce((x, y) => x + y);
    const all = variances.reduce((sum, v, s) => sum + v * mask[s]!, 0) / Math.max(1, count);
    return rows.map((row, s) => {
      const std = Math.sqrt((network["over"] === "all" ? all : variances[s]!) + (network["epsilon"] as number));
      return row.map((v) => v / std);
    });
  });
  return { ...below, rows };
}

/** Heads of `width/2` channels for keys, 8 for values, `width/2` of them. */
function attention(network: Data, below: Activations, width: number, take: Take): Activations {
  const option = (name: string): number => network[name] as number;
  const d = below.rows[0]!.length;
  const S = below.S;
  const tied = network["scaling"] === "linear";
  const [H, dk, dv] = [width / 2, width / 2, 8];
  const position = network["position"] as Data | null;
  let seen = below;
  if (position !== null) {
    // Encodings with covariance R over positions, the same for all examples.
    const L = factor(decay(position, S), S);
    const noise = take(S * d);
    const encodings = Array.from({ length: S }, (_, a) =>
      Float64Array.from({ length: d }, (_, c) => {
        let sum = 0;
        for (let k = 0; k <= a; k++) sum += L[a * S + k]! * noise[k * d + c]!;
        return sum * (position["std"] as number);
      }),
    );
    seen = kept({ ...below, rows: below.rows.map((row, i) => row.map((v, c) => v + encodings[i % S]![c]!)) });
  }
  const values = position?.["values"] === true ? seen : below;
  const [Q, K, V] = [take(H * d * dk), tied ? undefined : take(H * d * dk), take(H * d * dv)];
  const O = take(H * dv * width);
  const bias = take(width);
  const logitScale = (option("queryStd") * option("keyStd")) / (d * (tied ? dk : Math.sqrt(dk)));
  const outScale = (option("outStd") * option("valueStd")) / Math.sqrt(H * dv * d);
  const mixed = below.rows.map(() => new Float64Array(H * dv));
  for (let h = 0; h < H; h++) {
    const q = seen.rows.map((row) => times(row, Q, dk, h * d * dk));
    const k = K === undefined ? q : seen.rows.map((row) => times(row, K, dk, h * d * dk));
    const v = values.rows.map((row) => times(row, V, dv, h * d * dv));
    for (let i = 0; i < below.rows.length; i++) {
      const first = i - (i % S);
      const logits = Array.from({ length: S }, (_, b) => {
        const key = k[first + b]!;
        return logitScale * q[i]!.reduce((sum, value, c) => sum + value * key[c]!, 0);
      });
      for (const [b, weight] of weights(logits, below.mask.slice(first, first + S), network).entries())
        for (let c = 0; c < dv; c++) mixed[i]![h * dv + c]! += weight * v[first + b]![c]!;
    }
  }
  const rows = mixed.map((row) => times(row, O, width).map((v, c) => outScale * v + option("biasStd") * bias[c]!));
  return kept({ ...below, rows });
}

function weights(logits: readonly number[], mask: readonly number[], network: Data): number[] {
  const kind = network["weights"];
  if (kind === "relu") return logits.map((g) => Math.max(g, 0));
  if (kind === "abs") return logits.map(Math.abs);
  if (kind === "identity") return [...logits];
  const e = logits.map((g, b) => Math.exp(g) * mask[b]!);
  const total = e.reduce((x, y) => x + y, 0);
  return e.map((x) => (total > 0 ? x / total : 0));
}

function decay(position: Data, S: number): Float64Array {
  const [rate, power] = [position["rate"] as number, position["power"] as number];
  return Float64Array.from({ length: S * S }, (_, at) => {
    const r = Math.abs(Math.floor(at / S) - (at % S)) ** power;
    if (position["decay"] === "none") return r === 0 ? 1 : 0;
    return position["decay"] === "exponential" ? Math.exp(-rate * r) : 1 / (1 + rate * r);
  });
}

/** The Cholesky factor of R, row by row. */
function factor(R: Float64Array, S: number): Float64Array {
  const L = new Float64Array(S * S);
  for (let i = 0; i < S; i++)
    for (let j = 0; j <= i; j++) {
      let sum = R[i * S + j]!;
      for (let k = 0; k < j; k++) sum -= L[i * S + k]! * L[j * S + k]!;
      L[i * S + j] = i === j ? Math.sqrt(sum) : sum / L[j * S + j]!;
    }
  return L;
}

/** The error function to 1e-15 or so: its series near 0, a continued fraction of its complement beyond. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z < 2.5) {
    let [term, sum] = [z, z];
    for (let k = 1; k < 60; k++) {
      term *= (-z * z) / k;
      sum += term / (2 * k + 1);
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = z;
  for (let k = 60; k > 0; k--) fraction = z + k / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction);
}
