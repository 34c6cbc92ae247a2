/** A symmetric sparse matrix, row by row: the columns of row i and their values stand at `starts[i]` to `starts[i + 1]`. */
export interface SparseSymmetric {
  readonly size: number;
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/** The words that occur at least `minCount` times, most frequent first, and alphabetically where equally frequent. */
export function vocabulary(texts: readonly (readonly string[])[], minCount: number): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of text) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= minCount)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([word]) => word);
}

/**
 * Positive pointwise mutual information of words that occur within `window` positions of each other:
 *
 *   max(0, ln(c(i, j) · C / (c(i) · c(j)))),   c(i) = Σⱼ c(i, j),   C = Σᵢ c(i)
 *
 * Words outside the vocabulary keep their positions and count for nothing.
 *
 * @source Church and Hanks 1990, "Word association norms, mutual information, and lexicography"
 */
export function positivePmi(
  texts: readonly (readonly string[])[],
  words: ReadonlyMap<string, number>,
  window: number,
): SparseSymmetric {
  const size = words.size;
  const pairs = new Map<number, number>(); // i · size + j, i ≤ j → count
  const rowSums = new Float64Array(size);
  for (const text of texts) {
    const rows = text.map((word) => words.get(word) ?? -1);
    for (const [t, a] of rows.entries())
      for (let s = t + 1; a >= 0 && s <= t + window && s < rows.length; s++) {
        const b = rows[s] as number;
        if (b < 0) continue;
        const key = a < b ? a * size + b : b * size + a;
        pairs.set(key, (pairs.get(key) ?? 0) + (a === b ? 2 : 1)); // (a, b) and (b, a): twice the same entry if a = b
        rowSums[a] = (rowSums[a] as number) + 1;
        rowSums[b] = (rowSums[b] as number) + 1;
      }
  }
  const total = rowSums.reduce((sum, count) => sum + count, 0);
  const entries: { readonly i: number; readonly j: number; readonly value: number }[] = [];
  const starts = new Int32Array(size + 1);
  for (const [key, count] of pairs) {
    const [i, j] = [Math.floor(key / size), key % size];
    const value = Math.log((count * total) / ((rowSums[i] as number) * (rowSums[j] as number)));
    if (value <= 0) continue;
    entries.push({ i, j, value });
    starts[i + 1] = (starts[i + 1] as number) + 1;
    if (i !== j) starts[j + 1] = (starts[j + 1] as number) + 1;
  }
  for (let i = 0; i < size; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
  const next = starts.slice();
  const columns = new Int32Array(starts[size] as number);
  const values = new Float64Array(columns.length);
  const put = (row: number, column: number, value: number): void => {
    const at = next[row] as number;
    next[row] = at + 1;
    columns[at] = column;
    values[at] = value;
  };
  for (const { i, j, value } of entries) {
    put(i, j, value);
    if (i !== j) put(j, i, value);
  }
  return { size, starts, columns, values };
}
