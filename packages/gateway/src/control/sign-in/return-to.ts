/** Where a browser goes after the sign-in: a path of this listener, whatever it was sent with (open redirects). */

const BASE = 'https://listener.invalid';
const CHARACTERS_MAX = 1_000;

/** @returns the path, or `/` for everything that a browser could read as an address elsewhere. */
export function localPath(text: string | null): string {
  if (text === null || text.length > CHARACTERS_MAX || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text)) return '/';
  if (text.includes('\\')) return '/';
  const url = URL.parse(text, BASE);
  if (url === null || url.origin !== BASE) return '/';
  const path = `${url.pathname}${url.search}${url.hash}`;
  // Normalising may make `/.//host` to `//host`; and a sign-in that leads to a sign-in never ends.
  return path.startsWith('//') || /^\/auth(?:\/|$)/.test(url.pathname) ? '/' : path;
}
