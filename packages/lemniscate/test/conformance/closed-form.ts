/** @module x + sin x, with expectations of one's own. */
import { closedForm } from "lemniscate";
import type { Algebra } from "lemniscate/ops";

/** e^(−pp/2) + e^(−qq/2) + 1, times pq or not: what x and sin x have together, and x with itself. */
const crossed = <V>(o: Algebra<V>, pp: V, qq: V): V => {
  const decay = (variance: V): V => o.exp(o.mul(variance, o.constant(-0.5)));
  return o.add(o.add(decay(pp), decay(qq)), o.constant(1));
};

/** e^(±pq − (pp + qq)/2)/2, both added or subtracted. */
const waves = <V>(o: Algebra<V>, pp: V, pq: V, qq: V, sign: 1 | -1): V => {
  const half = o.mul(o.add(pp, qq), o.constant(-0.5));
  const minus = o.mul(o.exp(o.sub(half, pq)), o.constant(sign));
  return o.mul(o.add(o.exp(o.add(half, pq)), minus), o.constant(0.5));
};

export const wave = closedForm({
  name: "x + sin x",
  fn: (x) => x + Math.sin(x),
  covariance: (o, pp, pq, qq) => o.add(o.mul(pq, crossed(o, pp, qq)), waves(o, pp, pq, qq, -1)),
  derivative: (o, pp, pq, qq) => o.add(crossed(o, pp, qq), waves(o, pp, pq, qq, 1)),
});
