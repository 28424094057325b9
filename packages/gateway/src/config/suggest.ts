/** "Did you mean": the known word that is closest to the given one. */

/** Edit distance in which two swapped neighbours count as one edit. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (rows[i - 1]?.[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

/** The known word that is probably meant; `undefined` when none is close enough (a third of the length in edits). */
export function closest(name: string, known: readonly string[]): string | undefined {
  if (name.length > 64) return undefined;
  const lower = name.toLowerCase();
  const editsMax = Math.max(1, Math.floor(lower.length / 3));
  const ranked = known
    .map((word) => ({ word, edits: distance(lower, word.toLowerCase()) }))
    .sort((x, y) => x.edits - y.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= editsMax ? best.word : undefined;
}

/** What is wrong with the name of a server that is not configured. */
export function unknownServer(name: string, servers: readonly string[]): string {
  const suggestion = closest(name, servers);
  return suggestion === undefined ? 'no such server' : `no such server; did you mean "${suggestion}"?`;
}
