/**
 * Paths and queries whose values cannot leave their places (R1, R2, A23): the text around the values is the author's,
 * and each value is one encoded part.
 */
import { ToolError } from '../errors.ts';

/** What a value in a path or a query may be. */
export type PathValue = string | number | bigint | boolean;

declare const checked: unique symbol;

/**
 * A path, perhaps with a query, that was made by {@link path}: nothing else is accepted where a request is made.
 *
 * @example
 * ```ts
 * const target: SafePath = path`/customers/${'CUST-00042'}/orders`;
 * ```
 */
export interface SafePath {
  readonly text: string;
  readonly [checked]: true;
}

/** Signs that some server takes for a slash: those of Windows and of Unicode. */
const SLASHES = /[/\\\u2044\u2215\u29f5\u29f8\uff0f\uff3c]/;
/** How often something on the way may decode a path once more. */
const DECODINGS_MAX = 4;

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const refused = (why: string): ToolError =>
  new ToolError('INVALID_ARGUMENT', `A value of the request ${why}.`, { suggestion: 'Correct it and call again.' });

/**
 * A path from a template: `/` and `?` of the template are structure, values are not.
 *
 * @throws ToolError `INVALID_ARGUMENT` for a value that is empty or a step up in whatever spelling, holds a control
 * character or is no valid Unicode; RangeError for a template that is no path.
 * @example
 * ```ts
 * const one = path`/customers/${id}?include=${'orders'}`;
 * ```
 */
export function path(template: TemplateStringsArray, ...values: readonly PathValue[]): SafePath {
  const [first = ''] = template;
  if (!first.startsWith('/') || first.startsWith('//')) throw new RangeError('a path begins with one slash');
  if (template.some((part) => /[\s#\\]/.test(part)))
    throw new RangeError('a path has no spaces, fragments or backslashes');
  let text = first;
  for (const [index, value] of values.entries()) text += encodedValue(value) + (template[index + 1] ?? '');
  const [segments = '', query = ''] = splitQuery(text);
  for (const segment of segments.split('/').slice(1, values.length === 0 ? 1 : undefined))
    if (isStep(segment)) throw refused('makes a part of the path empty or a step to another place');
  return Object.freeze({ text: query === '' ? segments : `${segments}?${query}` }) as SafePath;
}

/**
 * A path from its parts, for callers who have a list.
 *
 * @throws ToolError as `path`.
 * @example
 * ```ts
 * const one = segments(['customers', id, 'orders']);
 * ```
 */
export function segments(parts: readonly PathValue[]): SafePath {
  const texts = parts.map((part) => encodedValue(part));
  if (texts.length === 0 || texts.some(isStep))
    throw refused('makes a part of the path empty or a step to another place');
  return Object.freeze({ text: `/${texts.join('/')}` }) as SafePath;
}

/**
 * The same path with a query: names are the author's, values are encoded, `undefined` is left out.
 *
 * @throws ToolError `INVALID_ARGUMENT` for a value that is no valid Unicode.
 * @example
 * ```ts
 * const page = withQuery(path`/customers`, { name: 'a&b', page: 2, tag: ['x', 'y'] });
 * ```
 */
export function withQuery(
  { text }: SafePath,
  query: Readonly<Record<string, PathValue | readonly PathValue[] | undefined>>,
): SafePath {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? (value as readonly PathValue[]) : [value as PathValue | undefined];
    return values.flatMap((one) => (one === undefined ? [] : [`${encoded(name)}=${encodedText(String(one))}`]));
  });
  const joined = pairs.join('&');
  if (joined === '') return { text } as SafePath;
  return Object.freeze({ text: `${text}${text.includes('?') ? '&' : '?'}${joined}` }) as SafePath;
}

const splitQuery = (text: string): readonly [string, string] => {
  const at = text.indexOf('?');
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};

function encodedValue(value: PathValue): string {
  const text = String(value);
  if (/\p{Cc}/u.test(text)) throw refused('holds a control character');
  return encodedText(text);
}

function encodedText(text: string): string {
  if (!text.isWellFormed()) throw refused('is not valid Unicode');
  return encoded(text);
}

/** Whether any part of a segment is nothing, `.` or `..` to somebody who decodes it again or knows other slashes. */
function isStep(segment: string): boolean {
  let text = segment;
  for (let time = 0; time < DECODINGS_MAX; time++) text = decodedOnce(text);
  if (text === '') return true;
  return text.split(SLASHES).some((part) => /^\.{1,2}$/.test((part.split(';')[0] ?? '').normalize('NFKC').trim()));
}

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%[0-9a-f]{2}/gi, (byte) => String.fromCharCode(Number.parseInt(byte.slice(1), 16)));
  }
}
