/** The addresses of the dashboard's pages. The same list as in the dashboard's router: a test compares the two. */

/** What the router of the pages answers, with `$name` for a segment. */
export const PAGE_ADDRESSES: readonly string[] = [
  '/',
  '/approvals',
  '/approvals/$id',
  '/servers',
  '/servers/$name',
  '/servers/$name/definition',
  '/calls',
  '/calls/$id',
  '/policies',
  '/people',
  '/passkeys',
  '/settings',
];

const ADDRESSES = PAGE_ADDRESSES.map((address) => address.split('/'));

/** Whether the dashboard has a page at this path, as it was sent. */
export function isPageAddress(path: string): boolean {
  const segments = path.split('/');
  const fits = (name: string, at: number): boolean =>
    name.startsWith('$') ? segments[at] !== '' : segments[at] === name;
  return ADDRESSES.some((address) => address.length === segments.length && address.every(fits));
}

/** Paths of programs, where a page would only confuse, and those of the other endpoints of this listener. */
const NOT_FOR_PAGES = /^\/(?:api|auth|oauth|audit|health|ready|metrics|mcp|assets|\.well-known)(?:[/?.]|$)/;

export const mayHavePageNotFound = (path: string): boolean => path.startsWith('/') && !NOT_FOR_PAGES.test(path);
