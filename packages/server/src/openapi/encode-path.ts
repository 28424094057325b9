/**
 * The path of a request: each argument stays inside the segment that the document gives it (R1, A23). A segment that a
 * server could read as a step up, in whatever spelling, is refused.
 */
import { isObject, type Json } from '@sallyport/guard';
import { ArgumentError } from './argument-error.ts';
import type { ParameterBinding } from './binding.ts';
import { delimitedTexts, jsonText, percentEncoded, scalarText } from './encode-value.ts';

const PLACEHOLDER = /\{([^{}/]+)\}/g;
/** Signs that some server takes for a slash: those of Windows, of Unicode, and encoded ones. */
const SLASHES = /[/\\\u2044\u2215\u29f5\u29f8\uff0f\uff3c]/;
/** How often something on the way may decode a path once more. */
const DECODINGS_MAX = 4;

/** @returns the names of the parameters that a template has places for. */
export const placeholdersOf = (template: string): readonly string[] =>
  [...template.matchAll(PLACEHOLDER)].map(([, name]) => name as string);

/**
 * @param textOf gives the text of a placeholder, already encoded.
 * @throws ArgumentError for a segment that would be empty or a step up.
 */
export function pathOf(template: string, textOf: (name: string) => string): string {
  const segments = template.split('/').slice(1);
  const encoded = segments.map((segment) => {
    const text = segment.replace(PLACEHOLDER, (_whole, name: string) => textOf(name));
    if (text !== segment && (text === '' || isStep(text)))
      throw new ArgumentError(`An argument makes a part of the path empty or a step to another place.`);
    return text;
  });
  return `/${encoded.join('/')}`;
}

/** Whether any part of a segment is `.` or `..` to somebody who decodes it again or takes another sign for a slash. */
function isStep(segment: string): boolean {
  let text = segment;
  for (let time = 0; time < DECODINGS_MAX; time++) {
    const next = decodedOnce(text);
    if (next === text) break;
    text = next;
  }
  // `..;x` is a step to servers that take the rest for a parameter of the segment.
  return text.split(SLASHES).some((part) => /^\.{1,2}$/.test((part.split(';')[0] ?? '').normalize('NFKC').trim()));
}

/** The first time as UTF-8, and what stays encoded then, or is no UTF-8, byte by byte. */
function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%[0-9a-f]{2}/gi, (byte) => String.fromCharCode(Number.parseInt(byte.slice(1), 16)));
  }
}

/** The text of one argument in a path. @throws ArgumentError */
export function pathText({ name, style, explode, argument }: ParameterBinding, value: Json): string {
  const clean = (text: string): string => {
    if (/[\p{Cc}]/u.test(text)) throw new ArgumentError(`The argument ${argument} holds a control character.`);
    return percentEncoded(text);
  };
  if (style === 'json') return clean(jsonText(value, argument));
  if (!Array.isArray(value) && !isObject(value)) {
    const text = clean(scalarText(value, argument));
    if (style === 'matrix') return text === '' ? '' : `;${percentEncoded(name)}=${text}`;
    return style === 'label' && text !== '' ? `.${text}` : text;
  }
  const texts = delimitedTexts(value, argument, /[,;=.&]/).map(clean);
  const entries = Array.isArray(value) || !explode ? texts : pairsJoined(texts);
  if (style === 'label') return `.${entries.join(explode ? '.' : ',')}`;
  if (style === 'simple') return entries.join(',');
  const prefix = percentEncoded(name);
  if (!explode) return `;${prefix}=${entries.join(',')}`;
  return entries.map((entry) => (Array.isArray(value) ? `;${prefix}=${entry}` : `;${entry}`)).join('');
}

/** `[key, value, …]` → `[key=value, …]` */
function pairsJoined(texts: readonly string[]): readonly string[] {
  const pairs: string[] = [];
  for (let at = 0; at < texts.length; at += 2) pairs.push(`${texts[at]}=${texts[at + 1]}`);
  return pairs;
}
