/**
 * Characters of a definition that a reader does not see, or that show other text than is there (A5, U8): controls,
 * formats, direction marks, fillers, tags, variation selectors and every space but the plain one. They are named, so
 * that nobody approves what only a model reads.
 */
import { isObject, type Json } from '@sallyport/guard';

/** One of them, and where it is. */
export interface HiddenCharacter {
  /** JSON Pointer (RFC 6901) of the text, or of the member whose name has it. */
  readonly path: string;
  /** Such as `U+202E`. */
  readonly character: string;
  readonly name: string;
}

const HIDDEN_CHARACTERS = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;
/** Line breaks and tabs are seen. */
const SEEN = new Set(['\n', '\t']);

const NAMES: Readonly<Record<string, string>> = {
  'U+0000': 'null',
  'U+0008': 'backspace',
  'U+000D': 'carriage return',
  'U+001B': 'escape',
  'U+007F': 'delete',
  'U+00A0': 'no-break space',
  'U+00AD': 'soft hyphen',
  'U+034F': 'grapheme joiner',
  'U+061C': 'arabic letter mark',
  'U+115F': 'hangul filler',
  'U+1160': 'hangul filler',
  'U+180E': 'mongolian vowel separator',
  'U+200B': 'zero-width space',
  'U+200C': 'zero-width non-joiner',
  'U+200D': 'zero-width joiner',
  'U+200E': 'left-to-right mark',
  'U+200F': 'right-to-left mark',
  'U+2028': 'line separator',
  'U+2029': 'paragraph separator',
  'U+202A': 'left-to-right embedding',
  'U+202B': 'right-to-left embedding',
  'U+202C': 'end of direction',
  'U+202D': 'left-to-right override',
  'U+202E': 'right-to-left override',
  'U+2060': 'word joiner',
  'U+2066': 'left-to-right isolate',
  'U+2067': 'right-to-left isolate',
  'U+2068': 'first strong isolate',
  'U+2069': 'end of isolate',
  'U+2800': 'blank braille pattern',
  'U+3164': 'hangul filler',
  'U+FEFF': 'byte order mark',
  'U+FFA0': 'hangul filler',
};

/** Kinds of characters of which there are too many to name each. */
const KINDS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/[\u{e0000}-\u{e007f}]/u, 'tag character'],
  [/[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u, 'variation selector'],
  [/\p{Cc}/u, 'control character'],
  [/\p{Zs}/u, 'space'],
  [/\p{Cf}/u, 'format character'],
  [/\p{Co}/u, 'private-use character'],
  [/\p{Cs}/u, 'half of a pair'],
];

const codePointOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

function nameOf(character: string): string {
  const name = NAMES[codePointOf(character)] ?? KINDS.find(([pattern]) => pattern.test(character))?.[1];
  return name ?? 'unassigned character';
}

/** The text with each hidden character as an escape such as `\u{202e}`. */
export const escapeHidden = (text: string): string =>
  text.replace(HIDDEN_CHARACTERS, (character) =>
    SEEN.has(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );

/** More are not listed: a reader knows by then. */
export const HIDDEN_CHARACTERS_MAX = 200;

/** All hidden characters of a document, up to {@link HIDDEN_CHARACTERS_MAX}. */
export function hiddenCharactersOf(document: Json): readonly HiddenCharacter[] {
  const found: HiddenCharacter[] = [];
  const search = (text: string, path: string): void => {
    for (const [character] of text.matchAll(HIDDEN_CHARACTERS)) {
      if (found.length >= HIDDEN_CHARACTERS_MAX) return;
      if (!SEEN.has(character)) found.push({ path, character: codePointOf(character), name: nameOf(character) });
    }
  };
  const walk = (value: Json, path: string): void => {
    if (found.length >= HIDDEN_CHARACTERS_MAX) return;
    if (typeof value === 'string') search(value, path);
    else if (Array.isArray(value)) (value as readonly Json[]).forEach((item, at) => walk(item, `${path}/${at}`));
    else if (isObject(value))
      for (const [name, member] of Object.entries(value)) {
        const inside = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        search(name, inside);
        walk(member, inside);
      }
  };
  walk(document, '');
  return found;
}
