/** @module Weights of finite networks: trees of arrays. */

/**
 * The weights of a network, as a tree of its form: a list for `serial`, `parallel` and `repeat`, arrays by name for a
 * layer, `null` for those that its options leave out.
 */
export type Weights<A> = readonly Weights<A>[] | { readonly [name: string]: A | null };

/** All arrays, in the order of the tree. */
export function arraysOf<A>(weights: Weights<A>): A[] {
  if (isList(weights)) return weights.flatMap((part) => arraysOf(part));
  return Object.values(weights).filter((array): array is A => array !== null);
}

/** A tree of the same form, whose arrays are made of the arrays, numbered in order. */
export function mapWeights<A, B>(weights: Weights<A>, f: (array: A, index: number) => B): Weights<B> {
  let index = 0;
  const walk = (part: Weights<A>): Weights<B> => {
    if (isList(part)) return part.map(walk);
    const entries = Object.entries(part).map(([name, array]): [string, B | null] => [
      name,
      array === null ? null : f(array, index++),
    ]);
    return Object.fromEntries(entries);
  };
  return walk(weights);
}

/** The arrays of one layer or branch of a list. */
export function partOf<A>(weights: Weights<A>, i: number): Weights<A> {
  return (weights as readonly Weights<A>[])[i]!;
}

function isList<A>(weights: Weights<A>): weights is readonly Weights<A>[] {
  return Array.isArray(weights);
}
