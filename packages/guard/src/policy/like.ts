/** `like`: `*` matches any run of characters. Linear in the text for each star: the last star is the only one to go back to. */
export type LikePattern = readonly ('Wildcard' | { readonly Literal: string })[];

export function compileLike(pattern: LikePattern): (text: string) => boolean {
  const atoms = pattern.flatMap((atom) => (atom === 'Wildcard' ? [undefined] : [...atom.Literal]));
  return (text) => {
    const chars = [...text];
    let [at, atom, star, mark] = [0, 0, -1, 0];
    while (at < chars.length) {
      if (atom < atoms.length && atoms[atom] === undefined) {
        star = atom++;
        mark = at;
      } else if (atom < atoms.length && atoms[atom] === chars[at]) {
        at++;
        atom++;
      } else if (star !== -1) {
        atom = star + 1;
        at = ++mark;
      } else return false;
    }
    while (atom < atoms.length && atoms[atom] === undefined) atom++;
    return atom === atoms.length;
  };
}
