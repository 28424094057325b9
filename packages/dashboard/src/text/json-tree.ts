/**
 * JSON as it was written: the order of the keys, the digits of a number and repeated keys stay, which `JSON.parse`
 * would change before a person sees them.
 */

export type JsonTree =
  | { readonly kind: 'object'; readonly entries: readonly (readonly [key: string, value: JsonTree])[] }
  | { readonly kind: 'array'; readonly items: readonly JsonTree[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number' | 'word'; readonly source: string };

const TOKEN = /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*)|(true|false|null))/y;

interface Reader {
  readonly text: string;
  at: number;
}

/** @throws SyntaxError for text that is no JSON. */
export function parseTree(text: string): JsonTree {
  const reader = { text, at: 0 };
  const tree = readValue(reader, nextToken(reader));
  if (text.slice(reader.at).trim() !== '') throw new SyntaxError('text after the JSON');
  return tree;
}

function nextToken(reader: Reader): string {
  TOKEN.lastIndex = reader.at;
  const match = TOKEN.exec(reader.text);
  if (match === null) throw new SyntaxError('not JSON');
  reader.at = TOKEN.lastIndex;
  return match[0].trim();
}

function readValue(reader: Reader, token: string): JsonTree {
  if (token === '{') return readObject(reader);
  if (token === '[') return readArray(reader);
  if (token.startsWith('"')) return { kind: 'string', value: stringOf(token) };
  if (/^[-\d]/.test(token)) return { kind: 'number', source: token };
  if (/^[tfn]/.test(token)) return { kind: 'word', source: token };
  throw new SyntaxError(`unexpected ${token}`);
}

function readObject(reader: Reader): JsonTree {
  const entries: (readonly [string, JsonTree])[] = [];
  for (let token = nextToken(reader); token !== '}'; token = nextToken(reader)) {
    const key = token === ',' ? nextToken(reader) : token;
    if (nextToken(reader) !== ':') throw new SyntaxError('a key without a value');
    entries.push([stringOf(key), readValue(reader, nextToken(reader))]);
  }
  return { kind: 'object', entries };
}

function readArray(reader: Reader): JsonTree {
  const items: JsonTree[] = [];
  for (let token = nextToken(reader); token !== ']'; token = nextToken(reader))
    items.push(readValue(reader, token === ',' ? nextToken(reader) : token));
  return { kind: 'array', items };
}

function stringOf(token: string): string {
  const value: unknown = JSON.parse(token);
  if (typeof value !== 'string') throw new SyntaxError('a key that is no text');
  return value;
}

/** The value of a key, the last one where it is repeated, as `JSON.parse` reads it. */
export function memberOf(tree: JsonTree, key: string): JsonTree | undefined {
  if (tree.kind !== 'object') return undefined;
  return tree.entries.findLast(([name]) => name === key)?.[1];
}

/** Of a value that has been parsed already. */
export const treeOf = (value: unknown): JsonTree => parseTree(JSON.stringify(value ?? null));
