/**
 * @module The mathematics once more, written from the specification alone: full blocks between all pairs of examples,
 * padding at zero, one loop for each formula. It shares no code with the library.
 */
import type { Batch, Network } from "lemniscate";

/** Covariances between all examples: `K[i][j]` is a block of S×S numbers. */
interface State {
  readonly N: number;
  readonly grid: readonly number[];
  readonly channels: number | undefined;
  readonly K: readonly (readonly number[][])[];
  readonly T: readonly (readonly number[][])[];
  readonly mask: readonly (readonly number[])[];
  /** Products of the means over channels of both sides, or null where no rule tells them. */
  readonly M: readonly (readonly number[][])[] | null;
  /** Of each example the matrix of its graph. */
  readonly graphs: readonly (readonly (readonly number[])[])[];
}

type Data = { readonly type: string; readonly [option: string]: unknown };
type Entry = (i: number, j: number, a: number, b: number) => number;

const count = (grid: readonly number[]): number => grid.reduce((product, size) => product * size, 1);

/** What the oracle says about a batch with itself: arrays (N, N, S, S). */
export function oracle(network: Network, x: Batch): { readonly nngp: number[]; readonly ntk: number[] } {
  const out = through(network as unknown as Data, input(x));
  return { nngp: out.K.flat(2), ntk: out.T.flat(2) };
}

function input(x: Batch): State {
  const [N, ...rest] = x.shape;
  const channels = rest.at(-1)!;
  const grid = rest.slice(0, -1);
  const S = count(grid);
  const mask = Array.from({ length: N }, (_, i) => Array.from({ length: S }, (_, a) => x.mask?.[i * S + a] ?? 1));
  const entry = (i: number, a: number, c: number): number =>
    mask[i]![a] === 1 ? x.data[(i * S + a) * channels + c]! : 0;
  const graphs = mask.map((present, i) =>
    present.map((_, s) => {
      const row: number[] = new Array(S).fill(0);
      const { starts, sources, weights } = x.graphs ?? { starts: [], sources: [], weights: [] };
      for (let e = starts[i * S + s] ?? 0; e < (starts[i * S + s + 1] ?? 0); e++) row[sources[e]!]! += weights[e]!;
      return row;
    }),
  );
  const empty: State = { N, grid, channels, K: [], T: [], M: null, mask, graphs };
  return {
    ...empty,
    K: blocks(empty, (i, j, a, b) => {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += entry(i, a, c) * entry(j, b, c);
      return sum / channels;
    }),
    T: blocks(empty, () => 0),
  };
}

/** Blocks of entries, zero on padding. */
function blocks({ N, grid, mask }: State, entry: Entry): number[][][] {
  const S = count(grid);
  const range = (n: number): number[] => [...Array(n).keys()];
  return range(N).map((i) =>
    range(N).map((j) =>
      range(S * S).map((at) => {
        const [a, b] = [Math.floor(at / S), at % S];
        return mask[i]![a] === 1 && mask[j]![b] === 1 ? entry(i, j, a, b) : 0;
      }),
    ),
  );
}

function through(network: Data, below: State): State {
  const S = count(below.grid);
  const K: Entry = (i, j, a, b) => below.K[i]![j]![a * S + b]!;
  const T: Entry = (i, j, a, b) => below.T[i]![j]![a * S + b]!;
  const both = (k: Entry, t: Entry, channels = below.channels): State => ({
    ...below,
    channels,
    M: null,
    K: blocks(below, k),
    T: blocks(below, t),
  });
  /** What is linear in the input, and makes of means what it makes of covariances. */
  const linear = (state: State, of: (k: Entry) => Entry): State => ({
    ...state,
    K: blocks(state, of(K)),
    T: blocks(state, of(T)),
    M:
      below.M &&
      blocks(
        state,
        of((i, j, a, b) => below.M![i]![j]![a * S + b]!),
      ),
  });
  const option = (name: string): number => network[name] as number;
  const width = network["width"] as number | undefined;
  switch (network.type) {
    case "serial":
      return (network["layers"] as Data[]).reduce((state, layer) => through(layer, state), below);
    case "repeat":
      return Array.from({ length: option("times") }).reduce<State>(
        (state) => through(network["layer"] as Data, state),
        below,
      );
    case "parallel": {
      const flat = (of: Data): Data[] => (of.type === "parallel" ? (of["branches"] as Data[]).flatMap(flat) : [of]);
      const branches = flat(network);
      const states = branches.map((branch) => through(branch, below));
      const operators = branches.map((branch) => operator(branch, below));
      const mask = below.mask.map((_, i) =>
        states[0]!.mask[i]!.map((_, a) => Math.max(...states.map((of) => of.mask[i]![a]!))),
      );
      const state: State = { ...states[0]!, M: null, mask };
      const own = states.filter((_, r) => operators[r] === null);
      // What carries the input is one operator on it, the sum of those of its branches.
      const total = operators.filter((of) => of !== null).reduce<Operator | null>(plus, null);
      const of =
        (kind: "K" | "T", below: Entry): Entry =>
        (i, j, a, b) => {
          const S2 = count(state.grid);
          const fresh = own.reduce((all, branch) => all + branch[kind][i]![j]![a * S2 + b]!, 0);
          return fresh + (total === null ? 0 : applied(total, below, i, j, a, b));
        };
      return { ...state, K: blocks(state, of("K", K)), T: blocks(state, of("T", T)) };
    }
    case "product": {
      const states = (network["branches"] as Data[]).map((branch) => through(branch, below));
      const mask = below.mask.map((_, i) =>
        states[0]!.mask[i]!.map((_, a) => Math.max(...states.map((of) => of.mask[i]![a]!))),
      );
      const state: State = { ...states[0]!, M: null, mask };
      const S2 = count(state.grid);
      const at = (kind: "K" | "T", r: number, [i, j, a, b]: [number, number, number, number]): number =>
        states[r]![kind][i]![j]![a * S2 + b]!;
      return {
        ...state,
        K: blocks(state, (...where) => states.reduce((all, _, r) => all * at("K", r, where), 1)),
        T: blocks(state, (...where) =>
          sumOver(states.length, (r) => states.reduce((all, _, s) => all * at(r === s ? "T" : "K", s, where), 1)),
        ),
      };
    }
    case "concat":
      return concatenated(network, below, K, T);
    case "identity":
      return below;
    case "dense": {
      const w2 = option("weightStd") ** 2;
      const bias = network["biasStd"] as number | null;
      const out: Entry = (...at) => w2 * K(...at) + (bias ?? 0) ** 2;
      const scale = network["widthScale"] as number[];
      const channels = width === undefined ? undefined : width * scale[1]!;
      if (network["parameterization"] === "ntk") return both(out, (...at) => out(...at) + w2 * T(...at), channels);
      const fanIn = below.channels! / scale[0]!;
      return both(out, (...at) => fanIn * K(...at) + (bias === null ? 0 : 1) + w2 * T(...at), channels);
    }
    case "layerNorm":
    case "rmsNorm": {
      const over = network["over"] as "channels" | "all" | number[];
      const along = (a: number, k: number): number => Math.floor(a / count(below.grid.slice(k + 1))) % below.grid[k]!;
      const together = (a: number, b: number): boolean =>
        over === "all" ||
        below.grid.every((_, k) => (Array.isArray(over) && over.includes(k)) || along(a, k) === along(b, k));
      const M: Entry = (i, j, a, b) =>
        network.type === "rmsNorm" || below.M === null ? 0 : below.M[i]![j]![a * S + b]!;
      // Sums over those that are normalised together with a, and how many of them are present.
      const range = [...Array(S).keys()];
      const group = (a: number): number[] => range.filter((b) => together(a, b));
      const present = (i: number, a: number): number =>
        Math.max(
          1,
          group(a).reduce((n, b) => n + below.mask[i]![b]!, 0),
        );
      const half = (i: number, j: number, a: number, b: number): number =>
        group(a).reduce((sum, c) => sum + M(i, j, c, b), 0) / present(i, a);
      const both2 = (i: number, j: number, a: number, b: number): number =>
        group(b).reduce((sum, d) => sum + half(i, j, a, d), 0) / present(j, b);
      const centred: Entry = (i, j, a, b) => K(i, j, a, b) - half(i, j, a, b) - half(j, i, b, a) + both2(i, j, a, b);
      const std = below.mask.map((_, i) =>
        range.map((a) =>
          Math.sqrt(
            group(a).reduce(
              (sum, c) => sum + (below.mask[i]![c] === 1 ? centred(i, i, c, c) : 0) + option("epsilon"),
              0,
            ) / present(i, a),
          ),
        ),
      );
      const divided =
        (k: Entry): Entry =>
        (i, j, a, b) =>
          k(i, j, a, b) / (std[i]![a]! * std[j]![b]!);
      const state = both(divided(centred), divided(T));
      const kept =
        network.type === "rmsNorm" && below.M !== null
          ? blocks(
              below,
              divided((i, j, a, b) => below.M![i]![j]![a * S + b]!),
            )
          : null;
      return { ...state, M: network.type === "rmsNorm" ? kept : blocks(below, () => 0) };
    }
    case "dropout": {
      if (network["mode"] === "test") return below;
      const same =
        (k: Entry): Entry =>
        (i, j, a, b) =>
          i === j && a === b ? k(i, j, a, b) / (1 - option("drop")) : k(i, j, a, b);
      return { ...both(same(K), same(T)), M: below.M };
    }
    case "flatten":
      return S === 1 && below.grid.length === 0 ? below : flattened();
    case "globalAvgPool":
    case "globalSumPool": {
      const share = (i: number): number =>
        network.type === "globalSumPool"
          ? 1
          : 1 /
            Math.max(
              1,
              sumOver(S, (a) => below.mask[i]![a]!),
            );
      const sum = (i: number, j: number, k: Entry): number =>
        share(i) * share(j) * sumOver(S, (a) => sumOver(S, (b) => k(i, j, a, b)));
      return linear(pooled(below, below.channels), (k) => (i, j) => sum(i, j, k));
    }
    case "attention":
      return attention(network, below, K, T, both);
    case "token": {
      const at = network["at"] as "first" | "last" | number;
      const place = below.mask.map((present) =>
        typeof at === "number" ? at : at === "first" ? present.indexOf(1) : present.lastIndexOf(1),
      );
      const mask = below.mask.map((present, i) => [present[place[i]!] ?? 0]);
      return linear({ ...below, grid: [], mask }, (k) => (i, j) => k(i, j, place[i]!, place[j]!));
    }
    case "aggregate": {
      const summed =
        (k: Entry): Entry =>
        (i, j, a, b) =>
          sumOver(S, (c) => sumOver(S, (d) => below.graphs[i]![a]![c]! * below.graphs[j]![b]![d]! * k(i, j, c, d)));
      return linear(below, summed);
    }
    case "convLocal": {
      const shared = through({ ...network, type: "conv" }, below);
      const S2 = count(shared.grid);
      const own = (block: readonly number[]): number[] =>
        block.map((k, at) => (Math.floor(at / S2) === at % S2 ? k : 0));
      return { ...shared, K: shared.K.map((row) => row.map(own)), T: shared.T.map((row) => row.map(own)) };
    }
    case "conv":
    case "convTranspose": {
      const { places, state, size } = network.type === "conv" ? under(network, below) : spread(network, below);
      const w2 = option("weightStd") ** 2;
      const bias = network["biasStd"] as number | null;
      // The same weights under both windows: position by position of the filter.
      const mean =
        (k: Entry): Entry =>
        (i, j, a, b) =>
          sumOver(size, (t) => {
            const [p, q] = [places[a]![t]!, places[b]![t]!];
            return p === undefined || q === undefined ? 0 : k(i, j, p, q) / size;
          });
      const [MK, MT] = [mean(K), mean(T)];
      const out: Entry = (...at) => w2 * MK(...at) + (bias ?? 0) ** 2;
      const scale = network["widthScale"] as number[];
      const channels = width === undefined ? undefined : width * scale[1]!;
      const fanIn = (below.channels! * size) / scale[0]!;
      const own: Entry =
        network["parameterization"] === "ntk" ? out : (...at) => fanIn * MK(...at) + (bias === null ? 0 : 1);
      return {
        ...state,
        M: null,
        channels,
        K: blocks(state, out),
        T: blocks(state, (...at) => own(...at) + w2 * MT(...at)),
      };
    }
    case "scale":
      return linear(
        below,
        (k) =>
          (...at) =>
            option("factor") ** 2 * k(...at),
      );
    case "slice":
    case "resize":
    case "linear": {
      const { grid, readings } = mapped(network, below.grid);
      const mask = below.mask.map((present) => readings.map((row) => (row.some(([p]) => present[p] === 1) ? 1 : 0)));
      const sum =
        (k: Entry): Entry =>
        (i, j, a, b) =>
          readings[a]!.reduce(
            (all, [p, v]) => all + readings[b]!.reduce((row, [q, w]) => row + v * w * k(i, j, p, q), 0),
            0,
          );
      return linear({ ...below, grid, mask }, sum);
    }
    case "avgPool":
    case "sumPool": {
      const { places, state, size } = under(network, below);
      const counted = (a: number): number =>
        network.type === "sumPool"
          ? 1
          : network["countPadding"] === true
            ? size
            : places[a]!.filter((p) => p !== undefined).length;
      const sum =
        (k: Entry): Entry =>
        (i, j, a, b) => {
          let total = 0;
          for (const p of places[a]!)
            for (const q of places[b]!) if (p !== undefined && q !== undefined) total += k(i, j, p, q);
          return total / (counted(a) * counted(b));
        };
      return linear(state, sum);
    }
    default: {
      const { value, slope } = dual(network);
      const at =
        (f: (pp: number, pq: number, qq: number) => number): Entry =>
        (i, j, a, b) =>
          f(K(i, i, a, a), K(i, j, a, b), K(j, j, b, b));
      const [V, D] = [at(value), at(slope)];
      const independent: Entry = (i, j, a, b) => value(K(i, i, a, a), 0, K(j, j, b, b));
      return { ...both(V, (...where) => D(...where) * T(...where)), M: blocks(below, independent) };
    }
  }

  /** Positions become channels: covariances average over equal ones, means over all. */
  function flattened(): State {
    const state = pooled(below, below.channels === undefined ? undefined : below.channels * S);
    const diagonal = linear(state, (k) => (i, j) => sumOver(S, (a) => k(i, j, a, a)) / S);
    const all = linear(state, (k) => (i, j) => sumOver(S, (a) => sumOver(S, (b) => k(i, j, a, b))) / S ** 2);
    return { ...diagonal, M: all.M };
  }
}

function sumOver(n: number, term: (k: number) => number): number {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += term(k);
  return sum;
}

/** One position in place of all. */
function pooled(below: State, channels: number | undefined): State {
  const mask = below.mask.map((present) => [present.includes(1) ? 1 : 0]);
  return { ...below, M: null, grid: [], mask, channels };
}

/** Of each example the matrix by which a network maps its positions. */
type Operator = readonly (readonly (readonly number[])[])[];

function plus(x: Operator | null, y: Operator): Operator {
  return x === null ? y : x.map((M, i) => M.map((row, a) => row.map((value, p) => value + y[i]![a]![p]!)));
}

function applied(M: Operator, k: Entry, i: number, j: number, a: number, b: number, N = M): number {
  return M[i]![a]!.reduce((all, v, p) => all + N[j]![b]!.reduce((row, w, q) => row + v * w * k(i, j, p, q), 0), 0);
}

/** What a network without weights does to positions, or null if it is not linear or has weights. */
function operator(network: Data, below: State): Operator | null {
  const S = count(below.grid);
  const one = (c: number): Operator =>
    below.mask.map(() => Array.from({ length: S }, (_, a) => Array.from({ length: S }, (_, p) => (a === p ? c : 0))));
  if (network.type === "identity") return one(1);
  if (network.type === "scale") return one(network["factor"] as number);
  if (network.type === "serial") {
    let [state, all]: [State, Operator | null] = [below, one(1)];
    for (const layer of network["layers"] as Data[]) {
      const next = operator(layer, state);
      if (next === null || all === null) return null;
      const before: Operator = all;
      all = next.map((M, i) =>
        M.map((row) => before[i]![0]!.map((_, p) => row.reduce((x, v, q) => x + v * before[i]![q]![p]!, 0))),
      );
      state = through(layer, state);
    }
    return all;
  }
  const readings = ((): Readings | null => {
    if (["slice", "resize", "linear"].includes(network.type)) return mapped(network, below.grid).readings;
    if (network.type !== "avgPool" && network.type !== "sumPool") return null;
    const { places, size } = under(network, below);
    return places.map((taps) => {
      const inside = taps.filter((p) => p !== undefined);
      const all = network["countPadding"] === true ? size : inside.length;
      return inside.map((p) => [p, network.type === "sumPool" ? 1 : 1 / all] as const);
    });
  })();
  if (readings === null) return null;
  const { mask } = through(network, below);
  return below.mask.map((_, i) =>
    readings.map((row, a) =>
      Array.from({ length: S }, (_, p) =>
        mask[i]![a] === 1 ? row.filter(([q]) => p === q).reduce((all, [, w]) => all + w, 0) : 0,
      ),
    ),
  );
}

/** Branches beside each other: channels are averaged by width; positions of different branches covary if they carry the input. */
function concatenated(network: Data, below: State, K: Entry, T: Entry): State {
  const branches = network["branches"] as Data[];
  const states = branches.map((branch) => through(branch, below));
  const axis = network["along"] as "channels" | number;
  if (axis === "channels") {
    const widths = states.map(({ channels }) => channels ?? 1);
    const total = widths.reduce((x, y) => x + y);
    const mask = below.mask.map((_, i) =>
      states[0]!.mask[i]!.map((_, a) => Math.max(...states.map((of) => of.mask[i]![a]!))),
    );
    const state: State = { ...states[0]!, mask, channels: states[0]!.channels === undefined ? undefined : total };
    const S = count(state.grid);
    const mean =
      (kind: "K" | "T"): Entry =>
      (i, j, a, b) =>
        states.reduce((all, of, r) => all + (widths[r]! / total) * of[kind][i]![j]![a * S + b]!, 0);
    return { ...state, K: blocks(state, mean("K")), T: blocks(state, mean("T")) };
  }
  const operators = branches.map((branch) => operator(branch, below));
  const grid = states[0]!.grid.map((n, k) => (k === axis ? states.reduce((all, of) => all + of.grid[k]!, 0) : n));
  // The branch of each position, and its number there.
  const origins = Array.from({ length: count(grid) }, (_, s) => {
    const inner = count(grid.slice(axis + 1));
    let along = Math.floor(s / inner) % grid[axis]!;
    let r = 0;
    while (along >= states[r]!.grid[axis]!) along -= states[r++]!.grid[axis]!;
    const outer = Math.floor(s / (inner * grid[axis]!));
    return [r, (outer * states[r]!.grid[axis]! + along) * inner + (s % inner)] as const;
  });
  const mask = below.mask.map((_, i) => origins.map(([r, a]) => states[r]!.mask[i]![a]!));
  const state: State = { ...states[0]!, grid, mask };
  const of =
    (kind: "K" | "T", k: Entry): Entry =>
    (i, j, s, t) => {
      const [[r, a], [q, b]] = [origins[s]!, origins[t]!];
      if (r === q) return states[r]![kind][i]![j]![a * count(states[r]!.grid) + b]!;
      const [M, N] = [operators[r]!, operators[q]!];
      return M === null || N === null ? 0 : applied(M, k, i, j, a, b, N);
    };
  return { ...state, K: blocks(state, of("K", K)), T: blocks(state, of("T", T)) };
}

type Readings = (readonly [position: number, weight: number])[][];

/** What each position behind a map reads: all positions below, with the product of what each axis weighs them. */
function mapped(network: Data, grid: readonly number[]): { readonly grid: number[]; readonly readings: Readings } {
  const weights = grid.map((n, k): { rows: number[][]; gone: boolean } => {
    const one = (t: number): number[] => Array.from({ length: n }, (_, p) => (p === t ? 1 : 0));
    const same = { rows: Array.from({ length: n }, (_, s) => one(s)), gone: false };
    if (network.type === "slice") {
      const spec = (network["axes"] as (number | Record<string, number | undefined>)[])[k] ?? {};
      if (typeof spec === "number") return { rows: [one(spec < 0 ? n + spec : spec)], gone: true };
      const { start, stop, step = 1 } = spec;
      const kept = [...Array(n).keys()].filter((p) => {
        const from = start === undefined ? (step > 0 ? 0 : n - 1) : start < 0 ? start + n : start;
        const inside = step > 0 ? p >= from : p <= Math.min(from, n - 1);
        const end = stop === undefined ? undefined : stop < 0 ? stop + n : stop;
        const before = end === undefined || (step > 0 ? p < end : p > end);
        const first = step > 0 ? Math.max(from, 0) : Math.min(from, n - 1);
        return inside && before && (p - first) % step === 0;
      });
      return { rows: (step > 0 ? kept : kept.reverse()).map(one), gone: false };
    }
    if (network.type === "linear") {
      if (network["axis"] !== k) return same;
      const matrix = network["matrix"] as number[] | number[][];
      return typeof matrix[0] === "number"
        ? { rows: [matrix as number[]], gone: true }
        : { rows: matrix as number[][], gone: false };
    }
    const m = (network["to"] as (number | null)[])[k] ?? n;
    const rows = Array.from({ length: m }, (_, s) => {
      const center = ((s + 0.5) * n) / m;
      if (network["method"] === "nearest" || m === n) return one(Math.floor(center));
      const reach = network["antialias"] === true && n > m ? n / m : 1;
      const hats = Array.from({ length: n }, (_, t) => Math.max(0, 1 - Math.abs(center - t - 0.5) / reach));
      return hats.map((hat) => hat / hats.reduce((x, y) => x + y));
    });
    return { rows, gone: false };
  });
  const to = weights.map(({ rows }) => rows.length);
  const along = (at: number, sizes: readonly number[], k: number): number =>
    Math.floor(at / count(sizes.slice(k + 1))) % sizes[k]!;
  const readings = Array.from({ length: count(to) }, (_, s) =>
    Array.from({ length: count(grid) }, (_, p) => {
      const weight = weights.reduce((w, { rows }, k) => w * rows[along(s, to, k)]![along(p, grid, k)]!, 1);
      return [p, weight] as const;
    }).filter(([, weight]) => weight !== 0),
  );
  return { grid: to.filter((_, k) => !weights[k]!.gone), readings };
}

/** The same of a transposed convolution: position p is i·s + (k − 1 − t) of the whole, of which "same" keeps the middle. */
function spread(network: Data, below: State): ReturnType<typeof under> {
  const { grid } = below;
  const each = (name: string): number[] =>
    typeof network[name] === "number" ? grid.map(() => network[name] as number) : (network[name] as number[]);
  const [filter, strides, padding] = [each("filter"), each("strides"), network["padding"]];
  const along = grid.map((n, k): (number | undefined)[][] => {
    const [f, s] = [filter[k]!, strides[k]!];
    const [all, kept] = [n * s + Math.max(f - s, 0), n * s];
    const cut =
      padding === "circular" ? Math.floor((all - kept) / 2) : f - 1 - (s > f - 1 ? f - 1 : Math.ceil((f + s - 2) / 2));
    const size = padding === "valid" ? all : kept;
    const reach: (number | undefined)[][] = Array.from({ length: size }, () => new Array(f).fill(undefined));
    for (let i = 0; i < n; i++)
      for (let t = 0; t < f; t++) {
        const p = i * s + (f - 1 - t) - (padding === "valid" ? 0 : cut);
        const at = padding === "circular" ? (p + 100 * size) % size : p;
        if (at >= 0 && at < size) reach[at]![t] = i;
      }
    return reach;
  });
  let places: (number | undefined)[][] = [[0]];
  for (const [k, n] of grid.entries())
    places = places.flatMap((outer) =>
      along[k]!.map((inner) =>
        outer.flatMap((o) => inner.map((i) => (o === undefined || i === undefined ? undefined : o * n + i))),
      ),
    );
  const to = along.map((reach) => reach.length);
  const mask = below.mask.map((present) =>
    places.map((taps) => (taps.every((p) => p === undefined || present[p] === 1) ? 1 : 0)),
  );
  return { places, size: count(filter), state: { ...below, M: null, grid: to, mask } };
}

/** Of each position behind a window the positions under it, undefined outside the grid, and the state to fill. */
function under(
  network: Data,
  below: State,
): { readonly places: (number | undefined)[][]; readonly state: State; readonly size: number } {
  const { grid } = below;
  const each = (name: string): number[] =>
    typeof network[name] === "number" ? grid.map(() => network[name] as number) : (network[name] as number[]);
  const [filter, strides, padding] = [each("filter"), each("strides"), network["padding"]];
  const to = grid.map((n, k) =>
    padding === "valid" ? Math.floor((n - filter[k]!) / strides[k]!) + 1 : Math.ceil(n / strides[k]!),
  );
  const low = grid.map((n, k) =>
    padding === "valid" ? 0 : Math.floor(Math.max((to[k]! - 1) * strides[k]! + filter[k]! - n, 0) / 2),
  );
  const coordinates = (at: number, sizes: readonly number[]): number[] =>
    sizes.map((n, k) => Math.floor(at / count(sizes.slice(k + 1))) % n);
  const read = (p: number[], t: number[]): number | undefined => {
    let place = 0;
    for (const [k, n] of grid.entries()) {
      let x = p[k]! * strides[k]! + t[k]! - low[k]!;
      if (padding === "circular") x = (x + 100 * n) % n;
      if (x < 0 || x >= n) return undefined;
      place = place * n + x;
    }
    return place;
  };
  const size = count(filter);
  const outputs = Array.from({ length: count(to) }, (_, p) => coordinates(p, to));
  const places = outputs.map((p) => Array.from({ length: size }, (_, t) => read(p, coordinates(t, filter))));
  const middle = filter.map((n) => Math.floor((n - 1) / 2));
  const mask = below.mask.map((present) => outputs.map((p) => present[read(p, middle)!]!));
  return { places, size, state: { ...below, M: null, grid: to, mask } };
}

function attention(
  network: Data,
  below: State,
  K: Entry,
  T: Entry,
  both: (k: Entry, t: Entry, channels: number | undefined) => State,
): State {
  const S = count(below.grid);
  const present = (i: number, a: number): boolean => below.mask[i]![a] === 1;
  const position = network["position"] as Data | null;
  let [IK, IT, VK, VT] = [K, T, K, T];
  if (position !== null) {
    const R = encodings(position, below.grid);
    const d = below.channels!;
    const dp = (position["width"] as number | undefined) ?? d;
    const sum = position["combine"] === "sum";
    const u = sum ? 1 : d / (d + dp);
    const std2 = (position["std"] as number) ** 2;
    const v = std2 * (sum ? 1 : dp / (d + dp));
    const mixed =
      (k: Entry, content: number, encoding: number): Entry =>
      (i, j, a, b) =>
        present(i, a) && present(j, b) ? content * k(i, j, a, b) + encoding * R[a * S + b]! : 0;
    [IK, IT] = [mixed(K, u, v), mixed(T, u, v)];
    if (position["values"] === true) [VK, VT] = [IK, IT];
    if (position["logits"] === "encodings") [IK, IT] = [mixed(K, 0, std2), mixed(T, 0, std2)];
  }
  const std = (name: string): number => network[name] as number;
  const qk = std("queryStd") * std("keyStd");
  const ov = std("valueStd") * std("outStd");
  const bias = ((network["biasStd"] as number | null) ?? 0) ** 2;
  // Derivatives in weights of standard deviation σ/√(fan-in) instead of 1.
  const standard = network["parameterization"] === "standard";
  const concat =
    position?.["combine"] === "concat" ? ((position["width"] as number | undefined) ?? below.channels!) : 0;
  const seen = position?.["logits"] === "encodings" ? concat || below.channels! : below.channels! + concat;
  const into = below.channels! + (position?.["values"] === true ? concat : 0);
  const one = (fanIn: number, name: string): number => (standard ? fanIn / std(name) ** 2 : 1);
  const fanOut = (network["heads"] as number) * (network["values"] as number);
  const ofValues = one(into, "valueStd") + one(fanOut, "outStd");
  const ofLogits = one(seen, "queryStd") + one(seen, "keyStd");
  const biasOfNtk = standard ? (network["biasStd"] === null ? 0 : 1) : bias;
  const channels = network["width"] as number | undefined;
  const reads = tokenMask(network["mask"] as Data | "causal" | null, below.grid);
  const skip = std("skip");
  const skipped = (k: Entry, t: Entry): State =>
    both(
      (...at) => skip * K(...at) + (1 - skip) * k(...at),
      (...at) => skip * T(...at) + (1 - skip) * t(...at),
      channels,
    );
  if (network["scaling"] === "sqrt") {
    // Σ_ij m_ai m_bj (…): expectations of φφ and φ'φ' of Gaussian logits.
    const { value, slope } = expectationsOf(network["weights"] as Data | string);
    const sum = (a: number, b: number, term: (c: number, d: number) => number): number =>
      sumOver(S, (c) => sumOver(S, (d) => (reads(a, c) && reads(b, d) ? term(c, d) : 0)));
    const E = (f: Expectation, i: number, j: number, [a, b, c, d]: readonly [number, number, number, number]): number =>
      f(
        qk ** 2 * IK(i, i, a, a) * IK(i, i, c, c),
        qk ** 2 * IK(i, j, a, b) * IK(i, j, c, d),
        qk ** 2 * IK(j, j, b, b) * IK(j, j, d, d),
      );
    return skipped(
      (i, j, a, b) => bias + ov ** 2 * sum(a, b, (c, d) => VK(i, j, c, d) * E(value, i, j, [a, b, c, d])),
      (i, j, a, b) =>
        biasOfNtk +
        ov ** 2 *
          sum(a, b, (c, d) => {
            const [ab, cd] = [IK(i, j, a, b), IK(i, j, c, d)];
            const logits = ofLogits * ab * cd + IT(i, j, a, b) * cd + ab * IT(i, j, c, d);
            const values = (ofValues * VK(i, j, c, d) + VT(i, j, c, d)) * E(value, i, j, [a, b, c, d]);
            return values + qk ** 2 * VK(i, j, c, d) * logits * E(slope, i, j, [a, b, c, d]);
          }),
    );
  }
  const A = below.mask.map((_, i) => Array.from({ length: S }, (_, a) => weights(i, a)));
  function weights(i: number, a: number): number[] {
    const logits = Array.from({ length: S }, (_, k) => qk * IK(i, i, a, k));
    const kind = network["weights"] as Data | string;
    if (kind !== "softmax" && kind !== "sparsemax")
      return logits.map((g, k) => (reads(a, k) ? functionOf(kind)(g) : 0));
    const keys = logits.map((_, k) => present(i, k) && reads(a, k));
    if (!keys.includes(true)) return logits.map(() => 0);
    if (kind === "sparsemax") {
      // The threshold by bisection: weights sum to 1 there.
      const total = (tau: number): number => sumOver(S, (k) => (keys[k] ? Math.max(logits[k]! - tau, 0) : 0));
      const top = Math.max(...logits.filter((_, k) => keys[k]));
      let [low, high] = [top - 1, top];
      for (let step = 0; step < 60; step++) {
        const middle = (low + high) / 2;
        if (total(middle) > 1) low = middle;
        else high = middle;
      }
      return logits.map((g, k) => (keys[k] ? Math.max(g - low, 0) : 0));
    }
    const top = Math.max(...logits.filter((_, k) => keys[k]));
    const e = logits.map((g, k) => (keys[k] ? Math.exp(g - top) : 0));
    const total = e.reduce((x, y) => x + y, 0);
    return e.map((x) => x / total);
  }
  const applied =
    (k: Entry): Entry =>
    (i, j, a, b) =>
      ov ** 2 * sumOver(S, (c) => sumOver(S, (d) => A[i]![a]![c]! * k(i, j, c, d) * A[j]![b]![d]!));
  const [AK, AT] = [applied(VK), applied(VT)];
  return skipped(
    (...at) => AK(...at) + bias,
    (...at) => ofValues * AK(...at) + AT(...at) + biasOfNtk,
  );
}

const written = (weights: Data | string): Data =>
  typeof weights === "string" ? { scale: 1, slope: 1, shift: 0, phase: 0, type: weights } : weights;

/** The expectations of a function of logits. */
function expectationsOf(weights: Data | string): ReturnType<typeof dual> {
  const data = written(weights);
  return data.type === "identity" ? rectifier(1, 1) : dual(data);
}

/** A function of logits. */
function functionOf(weights: Data | string): (x: number) => number {
  const data = written(weights);
  const of = (name: string): number => data[name] as number;
  const ramp = (below: number, above: number) => (x: number) => (x < 0 ? below : above) * x;
  const known: Readonly<Record<string, (x: number) => number>> = {
    identity: (x) => x,
    relu: ramp(0, 1),
    abs: ramp(-1, 1),
    leakyRelu: ramp(of("slope"), 1),
    abRelu: ramp(of("below"), of("above")),
    erf: (x) => of("scale") * erf(of("slope") * x) + of("shift"),
    gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
    sin: (x) => of("scale") * Math.sin(of("slope") * x + of("phase")),
    exp: (x) => of("scale") * Math.exp(of("slope") * x),
    cos: (x) => of("scale") * Math.cos(of("slope") * x + of("phase")),
    sigmoidLike: (x) => (1 + erf(x / 2.4020563531719796)) / 2,
    gaussian: (x) => of("scale") * Math.exp(of("exponent") * x ** 2),
    gabor: (x) => Math.exp(-(x ** 2)) * Math.sin(x),
    monomial: (x) => x ** of("degree"),
    polynomial: (x) => (data["coefficients"] as unknown as number[]).reduce((sum, c, n) => sum + c * x ** n, 0),
    hermite: (x) => hermiteCoefficients(of("degree")).reduce((sum, c, n) => sum + c * x ** n, 0),
    sign: (x) => Math.sign(x),
    rectifiedMonomial: (x) => Math.max(x, 0) ** of("degree"),
    rbf: (x) => Math.sin(Math.sqrt(2 * of("gamma")) * x) + Math.cos(Math.sqrt(2 * of("gamma")) * x),
    hardTanh: (x) => Math.max(-1, Math.min(1, x)),
    piecewiseLinear: (x) => pieces(data)(x),
    "x + sin x": (x) => x + Math.sin(x),
    silu: (x) => x / (1 + Math.exp(-x)),
    elu: (x) => (x < 0 ? Math.exp(x) - 1 : x),
    selu: (x) => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * (Math.exp(x) - 1) : x),
  };
  if (data.type === "elementwise" && data["fn"] === undefined)
    return functionOf(JSON.parse(data["name"] as string) as Data);
  return known[(data["fn"] ?? data["name"] ?? data.type) as string]!;
}

/** 2/√π e^{−x²} Σ 2ᵏ x^{2k+1}/(2k+1)!!. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) sum += term *= (2 * x * x) / (2 * k + 1);
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Whether query a may read key b. */
function tokenMask(mask: Data | "causal" | null, grid: readonly number[]): (a: number, b: number) => boolean {
  if (mask === null) return () => true;
  const { causal, band, memory, allowed } = (mask === "causal" ? { causal: true } : mask) as {
    causal?: boolean;
    band?: number;
    memory?: number;
    allowed?: (boolean | number)[][];
  };
  const along = (a: number, axis: number): number => Math.floor(a / count(grid.slice(axis + 1))) % grid[axis]!;
  return (a, b) =>
    !(causal && b > a) &&
    (memory === undefined || (a < count(grid) - memory && b >= count(grid) - memory)) &&
    (band === undefined || grid.every((_, axis) => Math.abs(along(a, axis) - along(b, axis)) <= band)) &&
    (allowed === undefined || Boolean(allowed[a]![b]));
}

function encodings(position: Data, grid: readonly number[]): number[] {
  const S = count(grid);
  if (position["covariance"] !== undefined) return (position["covariance"] as number[][]).flat();
  const [rate, power] = [position["rate"] as number, position["power"] as number];
  const along = (a: number, axis: number): number => Math.floor(a / count(grid.slice(axis + 1))) % grid[axis]!;
  return Array.from({ length: S * S }, (_, at) => {
    const [a, b] = [Math.floor(at / S), at % S];
    const r = grid.reduce((sum, _, axis) => sum + Math.abs(along(a, axis) - along(b, axis)) ** power, 0);
    switch (position["decay"]) {
      case "none":
        return a === b ? 1 : 0;
      case "inverse":
        return 1 / (1 + rate * r);
      case "inverseSquare":
        return 1 / (1 + rate * r ** 2);
      default:
        return Math.exp(-rate * r);
    }
  });
}

type Expectation = (pp: number, pq: number, qq: number) => number;

/** E[φ(u)φ(v)] and E[φ'(u)φ'(v)]; the quadrature of `test/ops` judges the library's own formulas. */
function dual(network: Data): { readonly value: Expectation; readonly slope: Expectation } {
  const of = (name: string): number => network[name] as number;
  switch (network.type) {
    case "relu":
      return rectifier(0, 1);
    case "abs":
      return rectifier(-1, 1);
    case "leakyRelu":
      return rectifier(of("slope"), 1);
    case "abRelu":
      return rectifier(of("below"), of("above"));
    case "erf": {
      const [a2, b2, c2] = [of("scale") ** 2, of("slope") ** 2, of("shift") ** 2];
      return {
        value: (pp, pq, qq) =>
          ((2 * a2) / Math.PI) * Math.asin((2 * b2 * pq) / Math.sqrt((1 + 2 * b2 * pp) * (1 + 2 * b2 * qq))) + c2,
        slope: (pp, pq, qq) =>
          (4 * a2 * b2) / Math.PI / Math.sqrt((1 + 2 * b2 * pp) * (1 + 2 * b2 * qq) - 4 * b2 * b2 * pq * pq),
      };
    }
    case "gelu":
      return {
        value: (pp, pq, qq) => {
          const p = (1 + pp) * (1 + qq);
          const D = Math.sqrt(p - pq * pq);
          return pq / 4 + ((pq * pq + pp * qq * D * D) / (p * D) + pq * Math.atan2(pq, D)) / (2 * Math.PI);
        },
        slope: (pp, pq, qq) => {
          const p = (1 + pp) * (1 + qq);
          const D = Math.sqrt(p - pq * pq);
          const rest = (pq / (2 * Math.PI * D)) * (1 / (D * D) + (1 - pp * qq) / p + 1);
          return 1 / 4 + Math.atan2(pq, D) / (2 * Math.PI) + rest;
        },
      };
    case "sin": {
      // sin(u + c) sin(v + c) = ½ [cos(u − v) − cos(u + v + 2c)]
      const [a2, b2, c] = [of("scale") ** 2, of("slope") ** 2, of("phase")];
      const minus: Expectation = (pp, pq, qq) => Math.exp((-b2 * (pp + qq - 2 * pq)) / 2);
      const plus: Expectation = (pp, pq, qq) => Math.exp((-b2 * (pp + qq + 2 * pq)) / 2) * Math.cos(2 * c);
      return {
        value: (...q) => (a2 / 2) * (minus(...q) - plus(...q)),
        slope: (...q) => ((a2 * b2) / 2) * (minus(...q) + plus(...q)),
      };
    }
    case "exp": {
      const [a2, b2] = [of("scale") ** 2, of("slope") ** 2];
      const value: Expectation = (pp, pq, qq) => a2 * Math.exp((b2 * (pp + 2 * pq + qq)) / 2);
      return { value, slope: (...q) => b2 * value(...q) };
    }
    case "cos":
      return dual({ ...network, type: "sin", phase: of("phase") + Math.PI / 2 });
    case "rbf": {
      const value: Expectation = (pp, pq, qq) => Math.exp(of("gamma") * (2 * pq - pp - qq));
      return { value, slope: (...q) => 2 * of("gamma") * value(...q) };
    }
    case "sigmoidLike":
      return dual({ type: "erf", scale: 0.5, slope: 1 / 2.4020563531719796, shift: 0.5 });
    case "gaussian": {
      const [a2, b] = [of("scale") ** 2, of("exponent")];
      const square: Expectation = (pp, pq, qq) => (1 - 2 * b * pp) * (1 - 2 * b * qq) - 4 * b * b * pq * pq;
      return {
        value: (...q) => a2 / Math.sqrt(square(...q)),
        slope: (...q) => (4 * a2 * b * b * q[1]) / square(...q) ** 1.5,
      };
    }
    case "gabor": {
      // E e^{−u² − v²} cos(u ∓ v) = e^{−(P ∓ 2pq)/2D}/√D; the slopes by the derivative of sin u as cos u − 2u sin u.
      const D: Expectation = (pp, pq, qq) => (1 + 2 * pp) * (1 + 2 * qq) - 4 * pq * pq;
      const wave = (sign: number, pp: number, pq: number, qq: number): number => {
        const det = pp * qq - pq * pq;
        return Math.exp(-(pp + qq + 4 * det - 2 * sign * pq) / (2 * D(pp, pq, qq))) / Math.sqrt(D(pp, pq, qq));
      };
      const value: Expectation = (...q) => (wave(1, ...q) - wave(-1, ...q)) / 2;
      const log = (sign: number, pp: number, pq: number, qq: number): number => {
        const [d, det] = [D(pp, pq, qq), pp * qq - pq * pq];
        const own = pp + qq + 4 * det - 2 * sign * pq;
        return (4 * pq) / d + (8 * pq + 2 * sign) / (2 * d) - (own * 8 * pq) / (2 * d * d);
      };
      return {
        value,
        slope: (...q) => (wave(1, ...q) * log(1, ...q) - wave(-1, ...q) * log(-1, ...q)) / 2,
      };
    }
    case "sign":
      return { value: (...q) => 4 * arcCosine(0, ...q) - 1, slope: () => 0 };
    case "rectifiedMonomial": {
      const n = of("degree");
      return {
        value: (...q) => arcCosine(n, ...q),
        slope: (...q) => (n === 0 ? 0 : n ** 2 * arcCosine(n - 1, ...q)),
      };
    }
    case "monomial":
      return polynomial([...new Array<number>(of("degree")).fill(0), 1]);
    case "hermite":
      return polynomial(hermiteCoefficients(of("degree")));
    case "polynomial":
      return polynomial(network["coefficients"] as number[]);
    case "hardTanh":
      return dual({ type: "piecewiseLinear", knots: [-1, 1], slopes: [0, 1, 0], atZero: 0 });
    case "piecewiseLinear":
      return piecewiseLinear(network);
    case "elementwise":
      // The functions that tests expand, by what their closed forms are called here.
      return dual(JSON.parse(network["name"] as string) as Data);
    case "elementwiseNumerical":
      return quadrature(network["fn"] as "sigmoid" | "softplus" | "gaussianCdf", of("nodes"));
    case "closedForm": {
      // x + sin x, by E u sin v = pq·E cos v.
      const wave = dual({ type: "sin", scale: 1, slope: 1, phase: 0 });
      const mixed = (pp: number, qq: number): number => 1 + Math.exp(-pp / 2) + Math.exp(-qq / 2);
      return {
        value: (pp, pq, qq) => pq * mixed(pp, qq) + wave.value(pp, pq, qq),
        slope: (pp, pq, qq) => mixed(pp, qq) + wave.slope(pp, pq, qq),
      };
    }
    case "expNormalized": {
      const value: Expectation = (pp, pq, qq) => {
        const s = Math.sqrt(pp * qq);
        return s === 0 ? 0 : s * Math.exp(of("gamma") * (Math.min(1, pq / s) + of("shift")));
      };
      return {
        value,
        slope: (pp, pq, qq) => (of("gamma") * value(pp, pq, qq)) / Math.sqrt(pp * qq),
      };
    }
    default:
      throw new Error(`the oracle has no ${network.type}`);
  }
}

/** Of He_n/√n! in powers of x. */
function hermiteCoefficients(degree: number): number[] {
  let [h, before] = [[1], [0]];
  for (let k = 0; k < degree; k++) {
    const next = [0, ...h].map((c, i) => c - k * (before[i] ?? 0));
    [h, before] = [next, h];
  }
  const factorial = Array.from({ length: degree }, (_, k) => k + 1).reduce((x, y) => x * y, 1);
  return h.map((c) => c / Math.sqrt(factorial));
}

/** A function of straight pieces. */
function pieces(network: Data): (x: number) => number {
  const [knots, slopes] = [network["knots"] as number[], network["slopes"] as number[]];
  const from = (x: number): number =>
    slopes[0]! * x + knots.reduce((sum, t, i) => sum + (slopes[i + 1]! - slopes[i]!) * Math.max(x - t, 0), 0);
  return (x) => from(x) - from(0) + (network["atZero"] as number);
}

/** A product of two rules of Gauss and Hermite, whose nodes are the zeros of He_n and whose weights are 1/(n h_{n−1}²). */
function quadrature(
  fn: "sigmoid" | "softplus" | "gaussianCdf",
  count: number,
): { readonly value: Expectation; readonly slope: Expectation } {
  // h_n = He_n/√n!, and h_n' = √n h_{n−1}.
  const last = (x: number): readonly [number, number] => {
    let [h, before] = [1, 0];
    for (let n = 0; n < count; n++) [h, before] = [(x * h - Math.sqrt(n) * before) / Math.sqrt(n + 1), h];
    return [h, before];
  };
  const nodes: number[] = [];
  const step = 1e-3;
  for (let x = -2 * Math.sqrt(count) - 1; nodes.length < count; x += step) {
    if (last(x)[0] * last(x + step)[0] > 0) continue;
    let root = x + step / 2;
    for (let k = 0; k < 4; k++) root -= last(root)[0] / (Math.sqrt(count) * last(root)[1]);
    nodes.push(root);
  }
  const weights = nodes.map((x) => 1 / (count * last(x)[1] ** 2));
  const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
  const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  // Of the series of x − x³/6 + x⁵/40 − …, whose terms grow to 1e4 at most here, a dozen digits are left.
  const distribution = (x: number): number => {
    let [sum, power] = [0, x];
    for (let k = 0; k < 200; k++) {
      sum += power / (2 * k + 1);
      power *= (-x * x) / (2 * (k + 1));
    }
    return 0.5 + sum / Math.sqrt(2 * Math.PI);
  };
  const [f, slope] = {
    sigmoid: [logistic, (x: number) => logistic(x) * (1 - logistic(x))] as const,
    softplus: [(x: number) => Math.log1p(Math.exp(x)), logistic] as const,
    gaussianCdf: [distribution, density] as const,
  }[fn];
  const expectation =
    (g: (x: number) => number): Expectation =>
    (pp, pq, qq) => {
      const a = pp === 0 ? 0 : pq / Math.sqrt(pp);
      const b = Math.sqrt(Math.max(0, qq - a * a));
      const inner = (x: number): number => nodes.reduce((sum, y, j) => sum + weights[j]! * g(a * x + b * y), 0);
      return nodes.reduce((sum, x, i) => sum + weights[i]! * g(Math.sqrt(pp) * x) * inner(x), 0);
    };
  return { value: expectation(f), slope: expectation(slope) };
}

/** below·min(x, 0) + above·max(x, 0) = s x + h |x|, and E|u||v| of Gaussians is (2/π)(√(1 − ρ²) + ρ asin ρ)√(pp qq). */
function rectifier(below: number, above: number): { readonly value: Expectation; readonly slope: Expectation } {
  const [s, h] = [(above + below) / 2, (above - below) / 2];
  const rho: Expectation = (pp, pq, qq) => (pp * qq === 0 ? 0 : Math.max(-1, Math.min(1, pq / Math.sqrt(pp * qq))));
  return {
    value: (pp, pq, qq) => {
      const r = rho(pp, pq, qq);
      const moduli = (2 / Math.PI) * (Math.sqrt(1 - r * r) + r * Math.asin(r)) * Math.sqrt(pp * qq);
      return s * s * pq + h * h * moduli;
    },
    slope: (...q) => s * s + ((h * h * 2) / Math.PI) * Math.asin(rho(...q)),
  };
}

/** E[u₊ⁿ v₊ⁿ] with the four polynomials of Cho and Saul, and theirs by the recurrence (in θ) for higher orders. */
function arcCosine(n: number, pp: number, pq: number, qq: number): number {
  const s = Math.sqrt(pp * qq);
  if (s === 0) return n === 0 ? 1 / 4 : 0;
  const [sine, c] = [Math.sqrt(Math.max(0, (s - pq) * (s + pq))) / s, pq / s];
  const rest = Math.PI - Math.atan2(sine, c);
  const J = [
    rest,
    sine + rest * c,
    3 * sine * c + rest * (1 + 2 * c * c),
    15 * sine - 11 * sine ** 3 + rest * (9 * c + 6 * c ** 3),
    sine * (105 * c - 50 * c * sine ** 2) + rest * (9 + 72 * c ** 2 + 24 * c ** 4),
  ][n]!;
  return (s ** n * J) / (2 * Math.PI);
}

/** Of Σ c_i x^i, by the moments E[uᵃ vᵇ], in which one factor is paired with every other. */
function polynomial(c: readonly number[]): { readonly value: Expectation; readonly slope: Expectation } {
  const moment = (a: number, b: number, pp: number, pq: number, qq: number): number => {
    if (a < 0 || b < 0) return 0;
    if (a === 0) return b === 0 ? 1 : (b - 1) * qq * moment(0, b - 2, pp, pq, qq);
    return (a - 1) * pp * moment(a - 2, b, pp, pq, qq) + b * pq * moment(a - 1, b - 1, pp, pq, qq);
  };
  const mean =
    (of: readonly number[]): Expectation =>
    (...q) =>
      sumOver(of.length, (i) => sumOver(of.length, (j) => of[i]! * of[j]! * moment(i, j, ...q)));
  return { value: mean(c), slope: mean(c.map((value, i) => i * value).slice(1)) };
}

/**
 * By one integral over u of φ(u) and the mean of φ(v) given u, which truncated Gaussians give; Simpson's rule between the
 * points where either bends. Good to about 1e-9.
 */
function piecewiseLinear(network: Data): { readonly value: Expectation; readonly slope: Expectation } {
  const [knots, slopes] = [network["knots"] as number[], network["slopes"] as number[]];
  const slope = (x: number): number => slopes[knots.filter((t) => t <= x).length]!;
  const rises = knots.map((_, i) => slopes[i + 1]! - slopes[i]!);
  const from = (x: number): number =>
    slopes[0]! * x + rises.reduce((sum, c, i) => sum + c * Math.max(x - knots[i]!, 0), 0);
  const value = pieces(network);
  const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const tail = (z: number): number => (1 - erf(z / Math.SQRT2)) / 2;
  const mean =
    (k: 0 | 1): Expectation =>
    (pp, pq, qq) => {
      const [root, along] = [Math.sqrt(pp), pp === 0 ? 0 : pq / Math.sqrt(pp)];
      const across = Math.sqrt(Math.max(0, qq - along * along));
      const inner = (v: number): number => {
        if (across < 1e-12) return k === 0 ? value(v) : slope(v);
        let sum = k === 0 ? slopes[0]! * v - from(0) + (network["atZero"] as number) : slopes[0]!;
        for (const [i, t] of knots.entries()) {
          const z = (t - v) / across;
          sum += rises[i]! * (k === 0 ? across * (density(z) - z * tail(z)) : tail(z));
        }
        return sum;
      };
      const bends = knots.flatMap((t) => [t / root, ...[-8, -4, -2, 0, 2, 4, 8].map((n) => (t + n * across) / along)]);
      const ends = [-9, ...bends.filter((z) => Math.abs(z) < 9), 9].sort((x, y) => x - y);
      let total = 0;
      for (const [i, a] of ends.slice(0, -1).entries()) {
        const n = 2 * Math.ceil(40 * (ends[i + 1]! - a) + 20);
        const h = (ends[i + 1]! - a) / n;
        for (let j = 0; j <= n; j++) {
          // Just inside, where a slope jumps at the end.
          const z = a + h * (j === 0 ? 1e-9 : j === n ? n - 1e-9 : j);
          const weight = j === 0 || j === n ? 1 : j % 2 === 1 ? 4 : 2;
          total += (h / 3) * weight * density(z) * (k === 0 ? value(root * z) : slope(root * z)) * inner(along * z);
        }
      }
      return total;
    };
  return { value: mean(0), slope: mean(1) };
}
