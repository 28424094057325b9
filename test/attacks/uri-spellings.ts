/** Other spellings of one URI, generated: whatever some server might take for the resource that a policy names. */

/** Names of other resources for RFC 3986, and of the same one on systems that fold names. */
export interface Spellings {
  /** Of the same resource, or of nothing. */
  readonly same: readonly string[];
  readonly lookAlikes: readonly string[];
}

const hex = (octets: Iterable<number>, lower = false): string =>
  [...octets]
    .map((octet) => `%${octet.toString(16).padStart(2, '0')}`)
    .map((text) => (lower ? text : text.toUpperCase()))
    .join('');
const encoded = (text: string, lower = false): string => hex(Buffer.from(text), lower);

/** Everything that can be written in place of one character. */
function ofCharacter(character: string): readonly string[] {
  const code = character.codePointAt(0) as number;
  const others = [
    encoded(character),
    encoded(character, true),
    `%25${encoded(character).slice(1)}`,
    `%2525${encoded(character).slice(1)}`,
    // Longer than UTF-8 allows, and as some servers of old wrote it.
    hex([0xc0 | (code >> 6), 0x80 | (code & 0x3f)]),
    `%u${code.toString(16).padStart(4, '0')}`,
    `%${code.toString(16)[0]}`,
    `&#${code};`,
    `\\u${code.toString(16).padStart(4, '0')}`,
  ];
  if (!/[a-z]/.test(character)) return others;
  const wide = String.fromCodePoint(code - 0x61 + 0xff41);
  return [
    ...others,
    encoded(character.toUpperCase()),
    wide,
    encoded(wide),
    `${character}${encoded('\u200d')}`,
    `${character}\u00ad`,
  ];
}

const IN_PLACE_OF_A_SLASH = [
  '//',
  '///',
  '/./',
  '/x/../',
  '/%2e/',
  '/%2E/',
  '/x/%2e%2e/',
  '/x/..%2f',
  '/x%2F..%2F',
  '/x%252F..%252F',
  '%5C',
  '\\',
  '/\\',
  '/;x/',
  '/.;x/',
  '/%00/',
  '/%20/',
];
const AT_THE_END = [
  '/',
  '//',
  '/.',
  '/x/..',
  '.',
  '..',
  ' ',
  '%20',
  '%00',
  '%00.txt',
  '%0A',
  '%09',
  '?',
  '#',
  '?x',
  '?x=1',
  '#x',
  '?#',
  ';x',
  ';x=1',
  '::$DATA',
  '::$data',
  ':$I30:$INDEX_ALLOCATION',
  '%',
  '%2',
  '%ZZ',
  '%C3',
  '\u200b',
  encoded('\u200b'),
  encoded('\u202e'),
  '\n',
  '\t',
  '"',
];

/** @param uri in lower case, with a host or three slashes. */
export function otherSpellings(uri: string): Spellings {
  const same = new Set<string>();
  const lookAlikes = new Set<string>();
  const pathAt = uri.indexOf('/', uri.indexOf('//') + 2);
  for (let at = 0; at < uri.length; at++) {
    const character = uri[at] as string;
    const put = (text: string): string => uri.slice(0, at) + text + uri.slice(at + 1);
    for (const other of ofCharacter(character)) same.add(put(other));
    if (character === '/') for (const other of IN_PLACE_OF_A_SLASH) same.add(put(other));
    if (!/[a-z]/.test(character)) continue;
    (at < pathAt ? same : lookAlikes).add(put(character.toUpperCase()));
    lookAlikes.add(put(`${character}${encoded('\ufe0f')}`));
  }
  for (const tail of AT_THE_END) same.add(uri + tail);
  same.add(uri.slice(0, uri.indexOf(':')).toUpperCase() + uri.slice(uri.indexOf(':'))).add(uri.toUpperCase());
  same.add(encoded(uri)).add(encoded(uri, true)).add(` ${uri}`).add(`\ufeff${uri}`);
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '@', 'x@', ':', ':80', 'localhost.'])
    same.add(uri.replace('://', `://${host}`));
  same.delete(uri);
  return { same: [...same], lookAlikes: [...lookAlikes] };
}
