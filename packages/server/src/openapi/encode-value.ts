/**
 * One argument as text of its place: names, delimiters and values by structure. A value that holds a delimiter of its
 * style is refused, because whoever reads it could not tell the two apart.
 */
import { isObject, type Json } from '@sallyport/guard';
import { ArgumentError } from './argument-error.ts';
import type { Style } from './binding.ts';

/** A name and a value, not encoded yet. */
export type Pair = readonly [name: string, value: string];

/** Keys of objects that become names: nothing that is structure in any style. */
const OBJECT_KEY = /^[^\p{Cc}\p{Cs}[\]&=;,|%+#?/\\\s]{1,200}$/u;
const DEPTH_MAX = 8;

/** A number, a boolean or text as text. @throws ArgumentError for a list or an object. */
export function scalarText(value: Json, argument: string): string {
  if (typeof value === 'string') return wellFormed(value, argument);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null) return '';
  throw new ArgumentError(`The argument ${argument} holds a list or an object where text is expected.`);
}

function wellFormed(text: string, argument: string): string {
  if (text.isWellFormed()) return text;
  throw new ArgumentError(`The argument ${argument} is not valid Unicode.`);
}

/** The items of a list, or the keys and values of an object, one after the other; none has the delimiter in it. */
export function delimitedTexts(value: Json, argument: string, delimiters: RegExp): readonly string[] {
  const texts = Array.isArray(value)
    ? (value as readonly Json[]).map((item) => scalarText(item, argument))
    : Object.entries(value as Readonly<Record<string, Json>>).flatMap(([key, item]) => [
        objectKey(key, argument),
        scalarText(item, argument),
      ]);
  if (texts.some((text) => delimiters.test(text)))
    throw new ArgumentError(`An item of the argument ${argument} holds a character that separates the items.`);
  return texts;
}

function objectKey(key: string, argument: string): string {
  if (OBJECT_KEY.test(key)) return key;
  throw new ArgumentError(`The argument ${argument} has a key that cannot be a name.`);
}

const DELIMITERS = {
  form: [',', /,/],
  spaceDelimited: [' ', / /],
  pipeDelimited: ['|', /\|/],
} as const;

/**
 * The pairs of a query, a form or a cookie.
 *
 * @param reserved names that other parameters have: a key of an object must not become one of them.
 */
export function pairsOf(
  name: string,
  value: Json,
  style: Style,
  explode: boolean,
  argument: string,
  reserved: ReadonlySet<string>,
): readonly Pair[] {
  if (style === 'json') return [[name, jsonText(value, argument)]];
  const isList = Array.isArray(value);
  if (!isList && !isObject(value)) return [[name, scalarText(value, argument)]];
  if (style === 'deepObject') return deepPairs(name, value, argument, 0);
  if (explode && isList) return (value as readonly Json[]).map((item) => [name, scalarText(item, argument)]);
  if (explode) return explodedPairs(value as Readonly<Record<string, Json>>, argument, reserved);
  const [delimiter, pattern] = style in DELIMITERS ? DELIMITERS[style as keyof typeof DELIMITERS] : DELIMITERS.form;
  return [[name, delimitedTexts(value, argument, pattern).join(delimiter)]];
}

function explodedPairs(
  value: Readonly<Record<string, Json>>,
  argument: string,
  reserved: ReadonlySet<string>,
): readonly Pair[] {
  return Object.entries(value).map(([key, item]) => {
    const name = objectKey(key, argument);
    if (reserved.has(name.toLowerCase()))
      throw new ArgumentError(`The argument ${argument} has a key that is the name of another parameter.`);
    return [name, scalarText(item, argument)];
  });
}

/** `name[key]`, and `name[key][0]` for a list inside. */
function deepPairs(name: string, value: Json, argument: string, depth: number): readonly Pair[] {
  if (depth > DEPTH_MAX) throw new ArgumentError(`The argument ${argument} is nested too deeply.`);
  if (Array.isArray(value))
    return (value as readonly Json[]).flatMap((item, index) =>
      deepPairs(`${name}[${index}]`, item, argument, depth + 1),
    );
  if (isObject(value))
    return Object.entries(value).flatMap(([key, item]) =>
      deepPairs(`${name}[${objectKey(key, argument)}]`, item, argument, depth + 1),
    );
  return [[name, scalarText(value, argument)]];
}

/** JSON in which every character is ASCII, so that it can stand in any place. */
export function jsonText(value: Json, argument: string): string {
  const text = JSON.stringify(value);
  if (!text.isWellFormed()) throw new ArgumentError(`The argument ${argument} is not valid Unicode.`);
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Everything but the unreserved characters of RFC 3986 as `%XX`. */
export const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** Pairs as `application/x-www-form-urlencoded` and queries write them. */
export const encodedPairs = (pairs: readonly Pair[]): string =>
  pairs.map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`).join('&');
