/** Names that somebody who wrote another one may have meant. */

const NAMES_MAX = 5;
const CHARACTERS_MAX = 120;

/** The names that share most pairs of letters with the given one, best first; those that share few are left out. */
export function nearNames(name: string, known: readonly string[]): readonly string[] {
  const wanted = pairsOf(name);
  return known
    .map((candidate) => ({ candidate, likeness: likeness(wanted, pairsOf(candidate)) }))
    .filter((ranked) => ranked.likeness >= 0.35)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, NAMES_MAX)
    .map(({ candidate }) => candidate);
}

function pairsOf(name: string): ReadonlySet<string> {
  const text = name
    .slice(0, CHARACTERS_MAX)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  const pairs = new Set<string>();
  for (let at = 0; at + 1 < text.length; at++) pairs.add(text.slice(at, at + 2));
  return pairs;
}

/** Sørensen–Dice: 1 for the same pairs, 0 for none in common. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 || b.size === 0) return 0;
  let shared = 0;
  for (const pair of a) if (b.has(pair)) shared += 1;
  return (2 * shared) / (a.size + b.size);
}
