/**
 * Patterns of schemas as trees: ECMA-262 with the flag `u`, and what authors write besides (escapes that need none,
 * `\A`, `\z`, `(?P<name>…)`, `(?i)`, `(?#…)`). Back-references are refused, because no engine matches them in bounded
 * time.
 */
import {
  ESCAPED_SETS,
  NOT_LINE_END,
  setOf,
  unicodeProperty,
  type CodeRange,
  type HasCodePoint,
  type SetItems,
} from './character-set.ts';

/** A part of a pattern. */
export type PatternNode =
  | { readonly kind: 'set'; readonly has: HasCodePoint }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number }
  | { readonly kind: 'look'; readonly part: PatternNode; readonly behind: boolean; readonly negated: boolean }
  | { readonly kind: Assertion };

/** What holds at a position or not, and takes no character. */
export type Assertion = 'start' | 'end' | 'line-start' | 'line-end' | 'boundary' | 'no-boundary';

/** What modifiers such as `(?i)` change until the end of their group. */
interface Modifiers {
  readonly ignoreCase: boolean;
  /** `(?s)`: a dot matches line ends, too. */
  readonly dotAll: boolean;
  /** `(?m)`: `^` and `$` match at line ends, too. */
  readonly multiline: boolean;
}

/** Of the letters of other languages, these change nothing about which texts match here. */
const MODIFIERS_WITHOUT_EFFECT = 'uaU';
const NO_MODIFIERS: Modifiers = { ignoreCase: false, dotAll: false, multiline: false };
const EVERYTHING: readonly CodeRange[] = [[0, 0x10ffff]];

/** Groups inside groups. */
const DEPTH_MAX = 100;
const REPEAT_MAX = 10_000;

/** @throws Error with the reason, for text that is no pattern or needs back-references. */
export function parsePattern(text: string): PatternNode {
  const parser = new PatternParser(Array.from(text));
  const tree = parser.choice(0);
  if (!parser.isAtEnd) throw new Error('a ) has no (');
  return tree;
}

class PatternParser {
  #at = 0;
  #modifiers = NO_MODIFIERS;
  readonly #characters: readonly string[];

  constructor(characters: readonly string[]) {
    this.#characters = characters;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#characters.length;
  }

  get #next(): string | undefined {
    return this.#characters[this.#at];
  }

  /** Takes the text when it is next. */
  #take(text: string): boolean {
    for (let at = 0; at < text.length; at++) if (this.#characters[this.#at + at] !== text[at]) return false;
    this.#at += text.length;
    return true;
  }

  /** Takes everything before the given character, and the character itself. */
  #takeUntil(end: string): string {
    const from = this.#at;
    while (this.#next !== end) if (++this.#at > this.#characters.length) throw new Error(`a ${end} is missing`);
    return this.#characters.slice(from, this.#at++).join('');
  }

  choice(depth: number): PatternNode {
    if (depth > DEPTH_MAX) throw new Error(`groups are nested deeper than ${DEPTH_MAX}`);
    const parts = [this.#sequence(depth)];
    while (this.#take('|')) parts.push(this.#sequence(depth));
    return parts.length === 1 ? (parts[0] as PatternNode) : { kind: 'choice', parts };
  }

  #sequence(depth: number): PatternNode {
    const parts: PatternNode[] = [];
    while (!this.isAtEnd && this.#next !== '|' && this.#next !== ')') {
      const atom = this.#atom(depth);
      if (atom !== undefined) parts.push(this.#repeated(atom));
    }
    return parts.length === 1 ? (parts[0] as PatternNode) : { kind: 'sequence', parts };
  }

  /** `undefined` for flags, which match nothing themselves. */
  #atom(depth: number): PatternNode | undefined {
    const character = this.#next as string;
    this.#at++;
    if (character === '(') return this.#group(depth);
    if (character === '[') return this.#brackets();
    if (character === '.')
      return this.#set({ ranges: [...(this.#modifiers.dotAll ? EVERYTHING : NOT_LINE_END)], tests: [] });
    if (character === '^') return { kind: this.#modifiers.multiline ? 'line-start' : 'start' };
    if (character === '$') return { kind: this.#modifiers.multiline ? 'line-end' : 'end' };
    if (character === '\\') return this.#escape();
    if ('*+?'.includes(character)) throw new Error(`a ${character} has nothing to repeat`);
    return this.#character(character.codePointAt(0) as number);
  }

  #group(depth: number): PatternNode | undefined {
    if (this.#take('?#')) {
      this.#takeUntil(')');
      return undefined;
    }
    const outside = this.#modifiers;
    const modifiers = this.#takeModifiers();
    if (modifiers !== undefined) this.#modifiers = modifiers;
    if (modifiers !== undefined && this.#take(')')) return undefined;
    const [behind, negated] = [this.#isNext('?<=') || this.#isNext('?<!'), this.#isNext('?!') || this.#isNext('?<!')];
    const look = behind || negated || this.#isNext('?=');
    if (look) this.#at += behind ? 3 : 2;
    else if (modifiers === undefined) this.#groupName();
    else this.#take(':');
    const part = this.choice(depth + 1);
    this.#modifiers = outside;
    if (!this.#take(')')) throw new Error('a ( has no )');
    return look ? { kind: 'look', part, behind, negated } : part;
  }

  /**
   * Takes `?:`, `?i`, `?s-m` and the like, but not the `)` or `:` at the end.
   * @returns `undefined` for other groups.
   */
  #takeModifiers(): Modifiers | undefined {
    const before = this.#at;
    if (!this.#take('?')) return undefined;
    const changed = { ...this.#modifiers };
    let on = true;
    for (; this.#next !== ')' && this.#next !== ':'; this.#at++) {
      const letter = this.#next ?? '';
      if (letter === '-' && on) on = false;
      else if (letter === 'i') changed.ignoreCase = on;
      else if (letter === 's') changed.dotAll = on;
      else if (letter === 'm') changed.multiline = on;
      else if (letter === '' || !MODIFIERS_WITHOUT_EFFECT.includes(letter)) {
        this.#at = before;
        return undefined;
      }
    }
    return changed;
  }

  #isNext(text: string): boolean {
    const before = this.#at;
    const isNext = this.#take(text);
    this.#at = before;
    return isNext;
  }

  #groupName(): void {
    if (this.#take('?<') || this.#take('?P<')) this.#takeUntil('>');
    else if (this.#next === '?') throw new Error(`a group that begins with (${this.#opening()} is not supported`);
  }

  #opening(): string {
    return this.#characters.slice(this.#at, this.#at + 2).join('');
  }

  #repeated(part: PatternNode): PatternNode {
    const bounds = this.#repeatBounds();
    if (bounds === undefined) return part;
    this.#take('?');
    const [min, max] = bounds;
    if (min > max) throw new Error('a repetition has a maximum below its minimum');
    if (min > REPEAT_MAX || (max !== Infinity && max > REPEAT_MAX))
      throw new Error(`a repetition counts further than ${REPEAT_MAX}`);
    if (this.#next !== undefined && '*+'.includes(this.#next)) throw new Error('a repetition is repeated');
    return { kind: 'repeat', part, min, max };
  }

  #repeatBounds(): readonly [min: number, max: number] | undefined {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    const before = this.#at;
    if (!this.#take('{')) return undefined;
    const min = this.#digits();
    const comma = this.#take(',');
    const max = this.#digits();
    if (min !== '' && this.#take('}')) return [Number(min), boundOf(min, comma, max)];
    // A brace that counts nothing is an ordinary character.
    this.#at = before;
    return undefined;
  }

  #digits(): string {
    const from = this.#at;
    while (this.#next !== undefined && this.#next >= '0' && this.#next <= '9') this.#at++;
    return this.#characters.slice(from, this.#at).join('');
  }

  #brackets(): PatternNode {
    const negated = this.#take('^');
    const items: SetItems = { ranges: [], tests: [] };
    while (!this.#take(']')) {
      if (this.isAtEnd) throw new Error('a [ has no ]');
      const first = this.#bracketItem(items);
      if (first === undefined || this.#next !== '-' || this.#characters[this.#at + 1] === ']') continue;
      this.#at++;
      const last = this.#bracketItem(items);
      // After a hyphen a whole set cannot end a range: then the hyphen stands for itself.
      if (last === undefined) items.ranges.push([0x2d, 0x2d]);
      else if (last < first) throw new Error('a range of characters is out of order');
      else items.ranges.push([first, last]);
    }
    return this.#set(items, negated);
  }

  /** Adds one item. @returns its code point, which may begin a range; `undefined` for a set. */
  #bracketItem(items: SetItems): number | undefined {
    const character = this.#next;
    if (character === undefined) throw new Error('a [ has no ]');
    this.#at++;
    const codePoint = character === '\\' ? this.#escapedItem(items) : (character.codePointAt(0) as number);
    if (codePoint !== undefined) items.ranges.push([codePoint, codePoint]);
    return codePoint;
  }

  #escapedItem(items: SetItems): number | undefined {
    if (this.#next === 'b') {
      this.#at++;
      return 0x08;
    }
    const escaped = this.#escapedSet();
    if (escaped === undefined) return this.#escapedCodePoint();
    items.ranges.push(...escaped.ranges);
    items.tests.push(...escaped.tests);
    return undefined;
  }

  /** What follows a backslash outside brackets. */
  #escape(): PatternNode {
    if (this.#take('b')) return { kind: 'boundary' };
    if (this.#take('B')) return { kind: 'no-boundary' };
    if (this.#take('A')) return { kind: 'start' };
    if (this.#take('z') || this.#take('Z')) return { kind: 'end' };
    if (this.#next === 'k' || (this.#next !== undefined && this.#next >= '1' && this.#next <= '9'))
      throw new Error('back-references cannot be matched in bounded time');
    const escaped = this.#escapedSet();
    return escaped === undefined ? this.#character(this.#escapedCodePoint()) : this.#set(escaped);
  }

  #escapedSet(): SetItems | undefined {
    const letter = this.#next ?? '';
    if (Object.hasOwn(ESCAPED_SETS, letter)) {
      this.#at++;
      return { ranges: [...(ESCAPED_SETS[letter] as readonly CodeRange[])], tests: [] };
    }
    if (letter !== 'p' && letter !== 'P') return undefined;
    this.#at++;
    const name = this.#take('{') ? this.#takeUntil('}') : (this.#characters[this.#at++] ?? '');
    return { ranges: [], tests: [unicodeProperty(name, letter === 'P')] };
  }

  #escapedCodePoint(): number {
    const letter = this.#next;
    if (letter === undefined) throw new Error('a \\ stands at the end');
    this.#at++;
    if (letter === 'u') return this.#unicodeEscape();
    if (letter === 'x') return this.#take('{') ? codePointOf(this.#takeUntil('}')) : codePointOf(this.#hexDigits(2));
    if (letter === 'c') return (this.#characters[this.#at++]?.codePointAt(0) ?? 0) % 32;
    if (Object.hasOwn(CONTROL_ESCAPES, letter)) return CONTROL_ESCAPES[letter] as number;
    if (/^[A-Za-z]$/.test(letter)) throw new Error(`the escape \\${letter} is not known`);
    return letter.codePointAt(0) as number;
  }

  #unicodeEscape(): number {
    if (this.#take('{')) return codePointOf(this.#takeUntil('}'));
    const unit = codePointOf(this.#hexDigits(4));
    if (unit < 0xd800 || unit > 0xdbff || !this.#isNext('\\u')) return unit;
    const before = this.#at;
    this.#at += 2;
    const low = this.#next === '{' ? 0 : codePointOf(this.#hexDigits(4));
    if (low >= 0xdc00 && low <= 0xdfff) return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    this.#at = before;
    return unit;
  }

  #hexDigits(count: number): string {
    const digits = this.#characters.slice(this.#at, this.#at + count).join('');
    this.#at += count;
    return digits;
  }

  #character(codePoint: number): PatternNode {
    if (this.#modifiers.ignoreCase) return this.#set({ ranges: [[codePoint, codePoint]], tests: [] });
    return { kind: 'set', has: (other) => other === codePoint };
  }

  #set(items: SetItems, negated = false): PatternNode {
    return { kind: 'set', has: setOf(items, negated, this.#modifiers.ignoreCase) };
  }
}

const CONTROL_ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, '0': 0 };

/** The upper bound of `{min}`, `{min,}` or `{min,max}`. */
function boundOf(min: string, comma: boolean, max: string): number {
  if (!comma) return Number(min);
  return max === '' ? Infinity : Number(max);
}

function codePointOf(digits: string): number {
  const codePoint = /^[0-9A-Fa-f]{1,8}$/.test(digits) ? Number.parseInt(digits, 16) : Infinity;
  if (codePoint > 0x10ffff) throw new Error('an escape names no character');
  return codePoint;
}
