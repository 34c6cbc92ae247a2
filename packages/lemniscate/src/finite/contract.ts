/** @module Products of Jacobians over weights, in whichever order is cheaper. */
import { type Derivative, type Jacobian, summed } from "./jacobian.js";
import { type Plain, plain, zeros } from "./plain.js";

/** What becomes of the channels on both sides: their mean, each with itself, each with each. */
export type Axes = "trace" | "diagonal" | "full";

type Product = Extract<Derivative, { kind: "product" }>;

/** Letters of the two sides: examples ν μ, positions σ τ, channels γ δ. Those of rules are Latin. */
const sides: Readonly<Record<Axes, { readonly channel: string; readonly result: string }>> = {
  trace: { channel: "γ", result: "νμστ" },
  diagonal: { channel: "γ", result: "νμστγ" },
  full: { channel: "δ", result: "νμστγδ" },
};

/** Numbers of derivatives that may be multiplied out at once: 256 MB. */
const mostNumbers = 2 ** 25;

/** Σ_p x[n, s, c, p] y[m, t, c', p], as (n, m, s, t) and the channels; the trace is the mean over c = c'. */
export function contract(x: Plain, y: Plain, axes: Axes): Plain {
  const { channel, result } = sides[axes];
  const sum = plain.einsum(`νσγp,μτ${channel}p->${result}`, x, y);
  return axes === "trace" ? plain.multiply(sum, 1 / x.shape[2]!) : sum;
}

/** The neural tangent kernel between the examples of two Jacobians of one network. */
export function ntkBetween(left: Jacobian, right: Jacobian, axes: Axes): Plain {
  const [n, S, C] = left.outputs.shape as [number, number, number];
  const start = contract(zeros([n, S, C, 1]), zeros([right.outputs.shape[0]!, S, C, 1]), axes);
  return left.derivatives.reduce((sum, x, i) => {
    const y = right.derivatives[i]!;
    const apart = x.kind === "product" && y.kind === "product" && isCheaperApart(x, y, axes, C);
    const term = apart
      ? contractApart(x, y, axes, [S, C])
      : contract(byOutput(summed(x), S, C), byOutput(summed(y), S, C), axes);
    return plain.add(sum, term);
  }, start);
}

/** (o, n, P) as (n, s, c, P). */
function byOutput(x: Plain, S: number, C: number): Plain {
  const [, n, P] = x.shape as [number, number, number];
  return plain.einsum("scnp->nscp", plain.reshape(x, [S, C, n, P]));
}

/**
 * Letters of both sides. A weight's letters are common to them; the others are the second side's own, in capitals.
 * `left` over are those that the product of what W met, or of the gradients, still has.
 */
function lettersOf({ letters, output, own }: Product) {
  const second = (text: string): string =>
    [...text].map((letter) => (own.includes(letter) ? letter : letter.toUpperCase())).join("");
  const among = (text: string, unless: string): string =>
    [...new Set(text)].filter((letter) => !own.includes(letter) || unless.includes(letter)).join("");
  const [others, outputs] = [second(letters), second(output)];
  return {
    others,
    outputs,
    // A common letter that one of the two factors lacks is summed over in the other at once.
    met: among(letters + others, output),
    behind: among(output + outputs, letters),
  };
}

/** The products of what W met, times those of the gradients behind it: W's own numbers never appear. */
function contractApart(x: Product, y: Product, axes: Axes, [S, C]: readonly [number, number]): Plain {
  const { others, outputs, met, behind } = lettersOf(x);
  const { channel, result } = sides[axes];
  const byOutputs = ({ gradient }: Product): Plain => plain.reshape(gradient, [S, C, ...gradient.shape.slice(1)]);
  const inputs = plain.einsum(`ν${x.letters},μ${others}->νμ${met}`, x.other, y.other);
  const gradients = plain.einsum(
    `σγν${x.output},τ${channel}μ${outputs}->${result}${behind}`,
    byOutputs(x),
    byOutputs(y),
  );
  const sum = plain.einsum(`νμ${met},${result}${behind}->${result}`, inputs, gradients);
  return axes === "trace" ? plain.multiply(sum, 1 / C) : sum;
}

/** Counts multiplications both ways. */
function isCheaperApart(x: Product, y: Product, axes: Axes, C: number): boolean {
  const { others, outputs, met, behind } = lettersOf(x);
  const sizes = new Map<string, number>();
  const note = (letters: string, shape: readonly number[]): void => {
    for (const [i, letter] of [...letters].entries()) sizes.set(letter, shape[i]!);
  };
  note(x.letters, x.other.shape.slice(1));
  note(x.output, x.gradient.shape.slice(2));
  note(others, y.other.shape.slice(1));
  note(outputs, y.gradient.shape.slice(2));
  const count = (letters: string): number =>
    [...new Set(letters)].reduce((product, letter) => product * sizes.get(letter)!, 1);
  const [n, m] = [x.other.shape[0]!, y.other.shape[0]!];
  const O = x.gradient.shape[0]!;
  const pairs = n * m * O * (O / C) * (axes === "full" ? C : 1);
  const apart = n * m * count(x.letters + others) + pairs * (count(x.output + outputs) + count(met + behind));
  const together = (n + m) * O * count(x.letters + x.output) + pairs * count(x.own);
  return apart < together || Math.max(n, m) * O * count(x.own) > mostNumbers;
}

/** A block of pairs with axes of positions only where there are positions: features have none. */
export function layout({ shape, data }: Plain, grid: readonly number[]): Plain {
  return { shape: grid.length === 0 ? shape.toSpliced(2, 2) : shape, data };
}
