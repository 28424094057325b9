/**
 * Cedar's `like`: `*` matches any run of characters. The leftmost match of each part is always right, so there is no
 * backtracking.
 */

/** A pattern of the JSON format: literal characters and wildcards. */
export type LikePattern = readonly ('Wildcard' | { readonly Literal: string })[];

/** Texts are well-formed UTF-16 (strict JSON), so whole characters match whole characters. */
export function compileLike(pattern: LikePattern): (text: string) => boolean {
  const parts = [''];
  for (const atom of pattern) {
    if (atom === 'Wildcard') parts.push('');
    else parts[parts.length - 1] += atom.Literal;
  }
  const [head = '', tail = ''] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return (text) => text === head;
  const between = parts.slice(1, -1).filter((part) => part !== '');
  return (text) => {
    const end = text.length - tail.length;
    if (end < head.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
    let position = head.length;
    return between.every((part) => {
      const found = text.indexOf(part, position);
      position = found + part.length;
      return found !== -1 && position <= end;
    });
  };
}
