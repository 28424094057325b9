/**
 * U8, U9: text of a model or a server, made safe to show to somebody who decides. What is not seen, turns the line or
 * looks like another letter is shown as an escape; what does not fit is cut, and the number of characters is said.
 * Markup of a channel is not known here: channels write the text where they read none, or escape what they read.
 */

/**
 * Text that can be shown, and how much of it is not.
 *
 * @example
 * ```ts
 * const mayDecideHere = ({ hiddenCharacters }: PlainText): boolean => hiddenCharacters === 0;
 * ```
 */
export interface PlainText {
  readonly text: string;
  /** Characters of the original that were cut off; 0 when all of it is shown. */
  readonly hiddenCharacters: number;
}

/**
 * Makes text plain.
 *
 * @param charactersMax of what is shown, without the note about what is cut off.
 *
 * @example
 * ```ts
 * const { text, hiddenCharacters } = plainText('pay \u202e1000', 200); // pay \u{202e}1000
 * ```
 */
export function plainText(original: string, charactersMax: number): PlainText {
  const characters = Array.from(original);
  const shown: string[] = [];
  let length = 0;
  let taken = 0;
  for (const part of partsOf(characters)) {
    const visible = visibleForm(part);
    if (length + visible.length > charactersMax) break;
    shown.push(visible);
    length += visible.length;
    taken += part.count;
  }
  const hiddenCharacters = characters.length - taken;
  if (hiddenCharacters === 0) return { text: shown.join(''), hiddenCharacters };
  const note = `… (${hiddenCharacters.toLocaleString('en')} more characters are not shown)`;
  return { text: `${shown.join('')}${note}`, hiddenCharacters };
}

/** A character, or several empty lines or spaces that are shown as one. */
interface Part {
  readonly character: string;
  readonly count: number;
  /** Whether it is a letter that stands for another one. */
  readonly isLookAlike: boolean;
  /** Whether it is one of so many marks on one letter that they cover the lines around it. */
  readonly isStacked: boolean;
}

/** Repeated characters that are shown as they are; more of them are counted. */
const REPEATED_MAX: Readonly<Record<string, number>> = { '\n': 2, ' ': 40 };
/** Marks on one letter: no script needs more. */
const COMBINING_MAX = 3;

function* partsOf(characters: readonly string[]): Generator<Part> {
  const lookAlikes = lookAlikesIn(characters);
  let combining = 0;
  for (let at = 0; at < characters.length;) {
    const character = characters[at] ?? '';
    combining = /\p{M}/u.test(character) ? combining + 1 : 0;
    const repeatedMax = REPEATED_MAX[character];
    let end = at + 1;
    if (repeatedMax !== undefined) while (characters[end] === character) end += 1;
    const count = repeatedMax !== undefined && end - at > repeatedMax ? end - at : 1;
    yield { character, count, isLookAlike: lookAlikes.has(at), isStacked: combining > COMBINING_MAX };
    at += count;
  }
}

function visibleForm({ character, count, isLookAlike, isStacked }: Part): string {
  if (count > 1 && character === ' ') return ` [${count.toLocaleString('en')} spaces] `;
  if (count > 1) return `\n[${(count - 1).toLocaleString('en')} empty lines]\n`;
  if (character === '\n') return character;
  if (isLookAlike) return `${character}${escaped(character)}`;
  return isStacked || isUnseen(character) ? escaped(character) : character;
}

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** Controls, formats, unassigned and private characters, separators, fillers, and spaces that are no space. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u3164\uffa0]|(?! )\p{Zs}/u;
const isUnseen = (character: string): boolean => UNSEEN.test(character);

const LATIN = /\p{Script=Latin}/u;
const LETTER = /[\p{L}\p{M}]/u;
/** Letters that are drawn like Latin ones, and letters of other styles: fullwidth, mathematical, enclosed. */
const DRAWN_ALIKE =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}]/u;
const STYLED = /[\uff21-\uff3a\uff41-\uff5a\u{1d400}-\u{1d7ff}\u{1f130}-\u{1f169}\u24b6-\u24e9]/u;
/** Letters of other scripts that nobody tells from Latin ones. The dashboard has the same: text/visible.ts. */
const SAME_SHAPE = /[аеорсухіјѕһԁԛԝѵАВЕЗІЈКМНОРСТУХЅԌԚԜοανικυρτχϲΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹոսցհօ]/u;

/**
 * Positions of letters that stand for Latin ones: in a word that mixes them with Latin letters, and in a word that is
 * made of nothing else while the text around it is Latin.
 */
function lookAlikesIn(characters: readonly string[]): ReadonlySet<number> {
  const found = new Set<number>();
  const isLatinText = characters.some((character) => LATIN.test(character));
  for (let at = 0; at < characters.length;) {
    const end = endOfWord(characters, at);
    const word = characters.slice(at, end);
    const isDisguise = isLatinText && word.length > 1 && word.every((character) => SAME_SHAPE.test(character));
    const isMixed = word.some((character) => LATIN.test(character) && !STYLED.test(character));
    for (const [index, character] of word.entries())
      if (STYLED.test(character) || isDisguise || (isMixed && DRAWN_ALIKE.test(character))) found.add(at + index);
    at = Math.max(end, at + 1);
  }
  return found;
}

function endOfWord(characters: readonly string[], from: number): number {
  let at = from;
  while (at < characters.length && (LETTER.test(characters[at] ?? '') || STYLED.test(characters[at] ?? ''))) at += 1;
  return at;
}
