/** `like`: `*` matches any run of characters. The leftmost place for each part is always right, so nothing is gone back to. */
export type LikePattern = readonly ('Wildcard' | { readonly Literal: string })[];

/** What is matched is well formed (strict JSON), so that whole characters match whole characters in UTF-16 too. */
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
    let at = head.length;
    return between.every((part) => {
      const found = text.indexOf(part, at);
      at = found + part.length;
      return found !== -1 && at <= end;
    });
  };
}
