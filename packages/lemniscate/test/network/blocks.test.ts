/** @module Blocks of transformers, and attention to another sequence, against recursions written down for them alone. */
import {
  attention,
  type Batch,
  crossAttention,
  dense,
  globalAvgPool,
  input,
  inputs,
  kernel,
  layerNorm,
  type Network,
  networkFromData,
  networkFromJson,
  networkToJson,
  openEngine,
  positionKernel,
  sequences,
  slice,
  transformerBlock,
} from "lemniscate";
import { afterAll, describe, expect, test } from "vitest";
import { difference, random } from "../conformance/random.js";

const engines = [await openEngine({ name: "reference" }), await openEngine({ threads: 1 })];
afterAll(() => Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]())));

/** Matrices over all present positions of all examples, and which example each belongs to. */
interface State {
  readonly K: readonly (readonly number[])[];
  readonly T: readonly (readonly number[])[];
  readonly of: readonly number[];
}
type Entry = (a: number, b: number) => number;

const made = ({ of }: Pick<State, "of">, k: Entry, t: Entry): State => {
  const table = (entry: Entry): number[][] => of.map((_, a) => of.map((_, b) => entry(a, b)));
  return { K: table(k), T: table(t), of };
};

/** Tokens of every length as data. */
const data = (tokens: readonly (readonly (readonly number[])[])[]): State => {
  const rows = tokens.flatMap((sequence, i) => sequence.map((token) => [i, token] as const));
  const inner: Entry = (a, b) => rows[a]![1].reduce((sum, value, c) => sum + value * rows[b]![1][c]!, 0);
  return made(
    { of: rows.map(([i]) => i) },
    (a, b) => inner(a, b) / rows[0]![1].length,
    () => 0,
  );
};

const linear = (below: State, w2: number, b2: number): State =>
  made(
    below,
    (a, b) => w2 * below.K[a]![b]! + b2,
    (a, b) => w2 * (below.K[a]![b]! + below.T[a]![b]!) + b2,
  );

const normed = (below: State, eps: number): State => {
  const s = below.of.map((_, a) => Math.sqrt(below.K[a]![a]! + eps));
  return made(
    below,
    (a, b) => below.K[a]![b]! / s[a]! / s[b]!,
    (a, b) => below.T[a]![b]! / s[a]! / s[b]!,
  );
};

const relu = (pp: number, pq: number, qq: number): readonly [value: number, slope: number] => {
  const r = Math.sqrt(Math.max(0, pp * qq - pq * pq));
  const turned = Math.PI - Math.atan2(r, pq);
  return [(r + turned * pq) / (2 * Math.PI), turned / (2 * Math.PI)];
};

const rectified = (below: State): State => {
  const at = (a: number, b: number) => relu(below.K[a]![a]!, below.K[a]![b]!, below.K[b]![b]!);
  return made(
    below,
    (a, b) => at(a, b)[0],
    (a, b) => at(a, b)[1] * below.T[a]![b]!,
  );
};

const plus = (x: State, y: State): State =>
  made(
    x,
    (a, b) => x.K[a]![b]! + y.K[a]![b]!,
    (a, b) => x.T[a]![b]! + y.T[a]![b]!,
  );

/** Softmax attention with fixed logits c·K between tokens of one example that `sees` each other. */
const attended = (below: State, c: number, sees: (a: number, i: number) => boolean): State => {
  const A = below.of.map((x, a) => {
    const e = below.of.map((y, i) => (x === y && sees(a, i) ? Math.exp(c * below.K[a]![i]!) : 0));
    const sum = e.reduce((all, value) => all + value, 0);
    return e.map((value) => (sum === 0 ? 0 : value / sum));
  });
  const through =
    (M: State["K"]): Entry =>
    (a, b) =>
      A[a]!.reduce((all, w, i) => all + w * A[b]!.reduce((sum, v, j) => sum + v * M[i]![j]!, 0), 0);
  return made(below, through(below.K), (a, b) => 2 * through(below.K)(a, b) + through(below.T)(a, b));
};

const { normal } = random(3);
const sequencesOf = (lengths: readonly number[]): number[][][] =>
  lengths.map((length) => Array.from({ length }, () => [normal(), normal(), normal()]));

/** Entries of the positions that are there, from blocks (n, n, S, S). */
async function found(
  network: Network,
  x: Batch,
  engine: (typeof engines)[number],
  S: number,
  lengths: readonly number[],
) {
  const got = await positionKernel(network)(x, null, { get: ["nngp", "ntk"], engine });
  const n = lengths.length;
  const places = lengths.flatMap((length, i) => Array.from({ length }, (_, s) => [i, s] as const));
  const pick = (of: ArrayLike<number>): number[] =>
    places.flatMap(([i, s]) => places.map(([j, t]) => of[((i * n + j) * S + s) * S + t]!));
  return { K: pick(got.nngp), T: pick(got.ntk) };
}

describe("transformerBlock", () => {
  const tokens = sequencesOf([3, 1, 2]);
  const first = linear(data(tokens), 1.44, 0.01);
  const everywhere = (): boolean => true;
  const causal = (a: number, i: number): boolean => i <= a;
  const feedForward = (x: State): State => linear(rectified(linear(x, 2, 0)), 1, 0);
  const eps = 0.01;
  const cases: readonly { norm: "pre" | "post"; mask?: "causal"; wanted: State }[] = [
    ...([undefined, "causal"] as const).map((mask) => {
      const between = plus(first, attended(normed(first, eps), 1.5, mask === "causal" ? causal : everywhere));
      const wanted = plus(between, feedForward(normed(between, eps)));
      return { norm: "pre" as const, ...(mask && { mask }), wanted };
    }),
    ...([undefined, "causal"] as const).map((mask) => {
      const between = normed(plus(first, attended(first, 1.5, mask === "causal" ? causal : everywhere)), eps);
      const wanted = normed(plus(between, feedForward(between)), eps);
      return { norm: "post" as const, ...(mask && { mask }), wanted };
    }),
  ];
  const net = (norm: "pre" | "post", mask?: "causal"): Network => {
    const block = transformerBlock({
      norm,
      attention: { keyStd: 1.5, mask: mask ?? null },
      layerNorm: { epsilon: eps },
    });
    return networkFromData({ type: "serial", layers: [dense({ weightStd: 1.2, biasStd: 0.1 }), block] });
  };

  test.each(cases)("$norm, $mask: is its formula, on tokens of any number", async ({ norm, mask, wanted }) => {
    for (const engine of engines)
      for (const [S, x] of [
        [3, sequences(tokens)],
        [5, sequences(tokens, 5)],
      ] as const) {
        const { K, T } = await found(net(norm, mask), x, engine, S, [3, 1, 2]);
        expect(difference(K, wanted.K.flat())).toBeLessThan(1e-12);
        expect(difference(T, wanted.T.flat())).toBeLessThan(1e-11);
      }
  });

  test("has norms in two places, which are no small matter", () => {
    expect(difference(cases[0]!.wanted.K.flat(), cases[2]!.wanted.K.flat())).toBeGreaterThan(0.1);
    expect(difference(cases[0]!.wanted.T.flat(), cases[1]!.wanted.T.flat())).toBeGreaterThan(0.01);
  });

  test("is plain data: what its layers make, and back from JSON", () => {
    const block = transformerBlock();
    expect(networkFromJson(networkToJson(block))).toEqual(block);
    const { layers } = transformerBlock({ norm: "post", nonlinearity: layerNorm() }) as unknown as {
      layers: Network[];
    };
    expect(layers.map(({ type }) => type)).toEqual(["parallel", "layerNorm", "parallel", "layerNorm"]);
  });
});

describe("crossAttention", () => {
  const [questions, texts] = [sequencesOf([2, 1]), sequencesOf([3, 2])];
  const batchOf = (ask: number, read: number): Batch =>
    inputs({ question: sequences(questions, ask), text: sequences(texts, read) });
  const apart = (options: object, memoryLength: number): Network =>
    crossAttention({
      queries: networkFromData({ type: "serial", layers: [input({ name: "question" }), dense({ weightStd: 1.3 })] }),
      memory: networkFromData({
        type: "serial",
        layers: [input({ name: "text" }), dense({ weightStd: 0.8, biasStd: 0.3 })],
      }),
      memoryLength,
      attention: options,
    });
  const q = linear(data(questions), 1.69, 0);
  const m = linear(data(texts), 0.64, 0.09);
  /** The tokens of an example's memory. */
  const memory = (x: number): number[] => m.of.flatMap((y, i) => (x === y ? [i] : []));
  const sums = (a: number, b: number, term: (i: number, j: number) => number): number =>
    memory(q.of[a]!).reduce((all, i) => all + memory(q.of[b]!).reduce((sum, j) => sum + term(i, j), 0), 0);
  const same = async (network: (length: number) => Network, wanted: State): Promise<void> => {
    for (const engine of engines)
      for (const [ask, read] of [
        [2, 3],
        [4, 3],
        [3, 6],
      ] as const) {
        const { K, T } = await found(network(read), batchOf(ask, read), engine, ask, [2, 1]);
        expect(difference(K, wanted.K.flat())).toBeLessThan(1e-12);
        expect(difference(T, wanted.T.flat())).toBeLessThan(1e-11);
      }
  };

  test("relu of random logits between branches of their own: Cov[G_ai, G_bj] = s·Q_ab·M_ij", async () => {
    const [s, v2] = [0.49, 0.81];
    const at = (a: number, b: number, i: number, j: number) =>
      relu(s * q.K[a]![a]! * m.K[i]![i]!, s * q.K[a]![b]! * m.K[i]![j]!, s * q.K[b]![b]! * m.K[j]![j]!);
    const K: Entry = (a, b) => v2 * sums(a, b, (i, j) => m.K[i]![j]! * at(a, b, i, j)[0]);
    const T: Entry = (a, b) => {
      const values = sums(a, b, (i, j) => m.T[i]![j]! * at(a, b, i, j)[0]);
      const logits = sums(a, b, (i, j) => {
        const [Q, M] = [q.K[a]![b]!, m.K[i]![j]!];
        return M * at(a, b, i, j)[1] * (2 * Q * M + q.T[a]![b]! * M + Q * m.T[i]![j]!);
      });
      return 2 * K(a, b) + v2 * (values + s * logits);
    };
    await same((read) => apart({ scaling: "sqrt", weights: "relu", keyStd: 0.7, valueStd: 0.9 }, read), made(q, K, T));
  });

  test("fixed logits of branches of their own are 0, so that softmax is the mean of what is there", async () => {
    const mean =
      (M: State["K"]): Entry =>
      (a, b) =>
        sums(a, b, (i, j) => M[i]![j]!) / memory(q.of[a]!).length / memory(q.of[b]!).length;
    await same(
      (read) => apart({ keyStd: 2 }, read),
      made(q, mean(m.K), (a, b) => 2 * mean(m.K)(a, b) + mean(m.T)(a, b)),
    );
  });

  test("fixed logits of what queries and memory share", async () => {
    const tokens = sequencesOf([5, 5]);
    const first = linear(data(tokens), 1, 0);
    const part = (range: object): Network => slice({ axes: [range] });
    const shared = crossAttention({
      queries: part({ stop: 2 }),
      memory: part({ start: 2 }),
      memoryLength: 3,
      attention: { keyStd: 1.2 },
    });
    const all = attended(first, 1.2, (_, i) => i % 5 >= 2);
    const asked = all.of.flatMap((_, a) => (a % 5 < 2 ? [a] : []));
    const wanted = {
      K: asked.flatMap((a) => asked.map((b) => all.K[a]![b]!)),
      T: asked.flatMap((a) => asked.map((b) => all.T[a]![b]!)),
    };
    for (const engine of engines) {
      const network = networkFromData({ type: "serial", layers: [dense(), shared] });
      const { K, T } = await found(network, sequences(tokens), engine, 2, [2, 2]);
      expect(difference(K, wanted.K)).toBeLessThan(1e-12);
      expect(difference(T, wanted.T)).toBeLessThan(1e-11);
    }
  });

  test("comes back from JSON, and pools", async () => {
    const net = apart({ weights: "erf" }, 3);
    expect(networkFromJson(networkToJson(net))).toEqual(net);
    const pooled = networkFromData({ type: "serial", layers: [net, globalAvgPool()] });
    const { rows } = await kernel(pooled)(batchOf(2, 3), null, { get: "nngp", engine: engines[0] });
    expect(rows).toBe(2);
    expect(() => apart({}, 0)).toThrow("attention: mask.memory: got 0, allowed is a number > 0.");
    expect(attention({ mask: { memory: 3 } }).type).toBe("attention");
  });
});
