/**
 * Text of callers and servers, cut into parts that are shown as they are and parts that would deceive a reader:
 * characters that cannot be seen, that turn the direction of the line, that look like a letter of another script, and
 * padding that pushes the rest out of sight. Nothing is left out: what is replaced is named, with its number.
 */

export interface TextPart {
  readonly text: string;
  readonly kind: 'mark' | 'text';
  /** What a mark stands for, in words. */
  readonly name?: string;
}

/** Names of the characters that matter most; the others are named by their number. */
const NAMES: Readonly<Record<number, string>> = {
  0x00: 'null',
  0x07: 'bell',
  0x08: 'backspace',
  0x09: 'tab',
  0x0a: 'line break',
  0x0b: 'vertical tab',
  0x0c: 'form feed',
  0x0d: 'carriage return',
  0x1b: 'escape',
  0x7f: 'delete',
  0x85: 'next line',
  0xa0: 'no-break space',
  0xad: 'soft hyphen',
  0x03_4f: 'grapheme joiner',
  0x06_1c: 'arabic letter mark',
  0x11_5f: 'hangul filler',
  0x11_60: 'hangul filler',
  0x18_0e: 'mongolian vowel separator',
  0x20_0b: 'zero-width space',
  0x20_0c: 'zero-width non-joiner',
  0x20_0d: 'zero-width joiner',
  0x20_0e: 'left-to-right mark',
  0x20_0f: 'right-to-left mark',
  0x20_28: 'line separator',
  0x20_29: 'paragraph separator',
  0x20_2a: 'left-to-right embedding',
  0x20_2b: 'right-to-left embedding',
  0x20_2c: 'end of direction',
  0x20_2d: 'left-to-right override',
  0x20_2e: 'right-to-left override',
  0x20_60: 'word joiner',
  0x20_66: 'left-to-right isolate',
  0x20_67: 'right-to-left isolate',
  0x20_68: 'first strong isolate',
  0x20_69: 'end of isolate',
  0x28_00: 'blank braille pattern',
  0x31_64: 'hangul filler',
  0xfe_ff: 'byte order mark',
  0xff_a0: 'hangul filler',
};

/** Controls, formats, private and unassigned numbers, halves of pairs, separators, spaces that are none, fillers. */
const HIDDEN = /[\p{C}\p{Z}\u2800]|\p{Default_Ignorable_Code_Point}/u;

/** Marks on one letter beyond what any script needs cover the lines above and below. */
const COMBINING_MAX = 3;
/** Line breaks and spaces in one run of white space that are shown as they are. */
const BREAKS_MAX = 8;
const SPACES_MAX = 40;

/** U+202E */
export function codePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** White space and repeated marks are one token, so that 5,000 line breaks are shown as one mark. */
const TOKENS = /(\p{M})\1*|[ \n]+|[^]/gu;

/**
 * @param text any text of a caller, a server or a person.
 * @param lineBreaks whether single line breaks are shown as such, or named.
 */
export function visibleParts(text: string, lineBreaks: 'keep' | 'name' = 'keep'): TextPart[] {
  const parts: TextPart[] = [];
  const foreign = foreignLetters(text);
  let plain = '';
  let combining = 0;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    combining = /^\p{M}/u.test(token) ? combining + [...token].length : 0;
    const mark = combining > COMBINING_MAX ? markOf(token) : markedToken(token, lineBreaks, foreign.has(index));
    if (mark === undefined) {
      plain += token;
      continue;
    }
    if (plain !== '') parts.push({ kind: 'text', text: plain });
    parts.push(mark);
    plain = '';
  }
  if (plain !== '') parts.push({ kind: 'text', text: plain });
  return parts;
}

/** `undefined` for a token that can be shown as it is. */
function markedToken(token: string, lineBreaks: 'keep' | 'name', foreign: boolean): TextPart | undefined {
  if (/^[ \n]/.test(token)) return whiteSpaceMark(token, lineBreaks);
  if (foreign) return { kind: 'mark', text: token, name: `${codePoint(token)}, ${scriptOf(token)} letter` };
  return HIDDEN.test(token) ? markOf(token) : undefined;
}

function kindOf(character: string): string {
  if (/\p{M}/u.test(character)) return 'combining mark';
  if (/\p{Zs}/u.test(character)) return 'space of another kind';
  return /\p{Co}/u.test(character) ? 'private character' : 'hidden character';
}

function markOf(token: string): TextPart {
  const [first = '', ...others] = token;
  const times = others.length > 0 ? `${(others.length + 1).toLocaleString('en')} × ` : '';
  const name = NAMES[first.codePointAt(0) ?? 0] ?? kindOf(first);
  return { kind: 'mark', text: `${times}${codePoint(first)}`, name: `${times}${name}` };
}

function whiteSpaceMark(token: string, lineBreaks: 'keep' | 'name'): TextPart | undefined {
  const breaks = token.split('\n').length - 1;
  const spaces = token.length - breaks;
  if (breaks <= (lineBreaks === 'keep' ? BREAKS_MAX : 0) && spaces <= SPACES_MAX) return undefined;
  const counts = [counted(breaks, 'line break'), counted(spaces, 'space')].filter((count) => count !== '');
  return { kind: 'mark', text: counts.join(', '), name: counts.join(', ') };
}

const counted = (count: number, what: string): string =>
  count === 0 ? '' : `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
  ['Coptic', /\p{Script=Coptic}/u],
  ['Lisu', /\p{Script=Lisu}/u],
];

const scriptOf = (letter: string): string => SCRIPTS.find(([, script]) => script.test(letter))?.[0] ?? 'foreign';

/** Letters and digits of other styles: full-width, mathematical and enclosed. */
const DISGUISED = /[\uff21-\uff3a\uff41-\uff5a\u{1d400}-\u{1d7ff}\u{1f130}-\u{1f169}\u24b6-\u24e9]/gu;

/**
 * Where a word mixes scripts that look alike, the letters of the rarer one; also a word of a few such letters that has
 * the shape of a Latin word. A word of one script alone is somebody's language, and stays as it is.
 */
function foreignLetters(text: string): ReadonlySet<number> {
  const found = new Set(Array.from(text.matchAll(DISGUISED), ({ index }) => index));
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{M}\p{N}_.@-]+/gu)) {
    const letters = [...word.matchAll(/[\p{L}\p{M}]/gu)];
    const scripts = new Set(letters.map(({ 0: letter }) => scriptOf(letter)).filter((script) => script !== 'foreign'));
    for (const { 0: letter, index: at } of letters) {
      const mixed = scripts.size > 1 && scriptOf(letter) !== 'Latin' && scriptOf(letter) !== 'foreign';
      if (mixed) found.add(index + at);
    }
    if (scripts.size === 1 && !scripts.has('Latin') && letters.every(isLookAlike))
      for (const { index: at } of letters) found.add(index + at);
  }
  return found;
}

/** Letters of other scripts that no reader can tell from a Latin letter. The guard has the same for chat channels. */
const LOOKALIKE: ReadonlySet<string> = new Set('аеорсухіјѕһԁԛԝѵАВЕЗІЈКМНОРСТУХЅԌԚԜοανικυρτχϲΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹոսցհօ');

const isLookAlike = ([letter = '']: RegExpExecArray): boolean => LOOKALIKE.has(letter) || /^\p{M}/u.test(letter);

/** Whether anything in the text would not be seen as it is. */
export const hasMarks = (text: string): boolean => visibleParts(text).some(({ kind }) => kind === 'mark');

/** For what can hold no marks, as the title of the window: each mark is its number in brackets. */
export const plainText = (text: string): string =>
  visibleParts(text, 'name')
    .map((part) => (part.kind === 'mark' ? `[${part.text}]` : part.text))
    .join('');
