/** @module The SDE index by index, as the paper has it: slow sums that nothing in the library looks like. */

type Entries = readonly (readonly number[])[];
const sum = (m: number, f: (i: number) => number): number =>
  Array.from({ length: m }, (_, i) => f(i)).reduce((x, y) => x + y, 0);

/** What may be got wrong; each is a test of the tests. */
export type Mistake = "no S1" | "no S2" | "S2 twice" | "S1 not centred" | "full for masked";

/** S₁^{av,bk}/(m_a m_b) and S₂^{av}/m_a, row a seeing `mask[a]`. */
function moments(v: Entries, mask: Entries, mistake?: Mistake) {
  const m = v.length;
  const rows = mistake === "full for masked" ? mask.map((row) => row.map(() => 1)) : mask;
  const seen = rows.map((row) => sum(m, (k) => row[k]!));
  // Cov of the centred logits: over what a sees on the left, over what b sees on the right.
  const left = (a: number, x: number) => sum(m, (k) => rows[a]![k]! * v[k]![x]!) / seen[a]!;
  const both = (a: number, b: number) => sum(m, (k) => (rows[a]![k]! * left(b, k)) / seen[a]!);
  const centred = (a: number, x: number, b: number, y: number) =>
    rows[a]![x]! *
    rows[b]![y]! *
    (mistake === "S1 not centred" ? v[x]![y]! : v[x]![y]! - left(a, y) - left(b, x) + both(a, b));
  const first = (a: number, x: number, b: number, y: number) =>
    mistake === "no S1" ? 0 : (v[a]![b]! * centred(a, x, b, y)) / (seen[a]! * seen[b]!);
  const second = (a: number, x: number) => {
    const own = (y: number) => rows[a]![y]! * (v[y]![y]! - 2 * left(a, y) + both(a, a));
    const mean = sum(m, own) / seen[a]!;
    const factor = mistake === "no S2" ? 0 : mistake === "S2 twice" ? 2 : 1;
    return (factor * rows[a]![x]! * v[a]![a]! * (own(x) - mean)) / seen[a]!;
  };
  return { first, second };
}

/** b^{ab}·τ₀²/γ² of attention. */
export function attentionDrift(v: Entries, mask: Entries, mistake?: Mistake): number[][] {
  const m = v.length;
  const { first, second } = moments(v, mask, mistake);
  return v.map((_, a) =>
    v.map(
      (_, b) =>
        sum(m, (x) => sum(m, (y) => v[x]![y]! * first(a, x, b, y))) +
        0.5 * sum(m, (x) => v[b]![x]! * second(a, x) + v[a]![x]! * second(b, x)),
    ),
  );
}

/** E[A₂]·τ₀², row by row. */
export function attentionSecond(v: Entries, mask: Entries): number[][] {
  const { second } = moments(v, mask);
  return v.map((_, a) => v.map((_, x) => 0.5 * second(a, x)));
}

/** 𝒜^{ab,de}, by the sum over the indices of S₁. */
export function attentionNoise(
  v: Entries,
  mask: Entries,
  [a, b]: readonly [number, number],
  [d, e]: readonly [number, number],
): number {
  const m = v.length;
  const { first } = moments(v, mask);
  const part = (a: number, d: number, b: number, e: number) =>
    sum(m, (k) => sum(m, (l) => v[a]![k]! * v[d]![l]! * first(b, k, e, l)));
  return part(a, d, b, e) + part(a, e, b, d) + part(b, d, a, e) + part(b, e, a, d);
}
