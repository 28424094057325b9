/** Sets of characters of a pattern: ranges, searched by halves, and Unicode properties, which the engine tests. */

/** From the first to the last code point, both included. */
export type CodeRange = readonly [first: number, last: number];

/** Whether a code point belongs to a set. */
export type HasCodePoint = (codePoint: number) => boolean;

/** What stands between brackets, or for one escape. */
export interface SetItems {
  readonly ranges: CodeRange[];
  readonly tests: HasCodePoint[];
}

const LAST_CODE_POINT = 0x10ffff;
const DIGITS: readonly CodeRange[] = [[0x30, 0x39]];
const WORDS: readonly CodeRange[] = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
/** White space and line ends of ECMA-262. */
const SPACES: readonly CodeRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_ENDS: readonly CodeRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];

/** The sets that an escape of one letter stands for; a capital letter stands for all others. */
export const ESCAPED_SETS: Readonly<Record<string, readonly CodeRange[]>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORDS,
  W: complement(WORDS),
  s: SPACES,
  S: complement(SPACES),
};

/** What a dot matches. */
export const NOT_LINE_END: readonly CodeRange[] = complement(LINE_ENDS);

/** Where a line ends. */
export const isLineEnd: HasCodePoint = setOf({ ranges: [...LINE_ENDS], tests: [] }, false, false);

/** What `\w` matches, and what `\b` looks at. */
export const isWordCharacter: HasCodePoint = setOf({ ranges: [...WORDS], tests: [] }, false, false);

/** The ranges that are left out, for ranges in order. */
function complement(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const others: CodeRange[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) others.push([next, first - 1]);
    next = last + 1;
  }
  return next > LAST_CODE_POINT ? others : [...others, [next, LAST_CODE_POINT]];
}

/** The test of a set. */
export function setOf({ ranges, tests }: SetItems, negated: boolean, ignoreCase: boolean): HasCodePoint {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  const has: HasCodePoint = (codePoint) => isInRanges(merged, codePoint) || tests.some((test) => test(codePoint));
  const inAnyCase = ignoreCase ? withOtherCases(has) : has;
  return negated ? (codePoint) => !inAnyCase(codePoint) : inAnyCase;
}

function isInRanges(ranges: readonly CodeRange[], codePoint: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = ranges[middle] as CodeRange;
    if (codePoint < first) high = middle - 1;
    else if (codePoint > last) low = middle + 1;
    else return true;
  }
  return false;
}

function withOtherCases(has: HasCodePoint): HasCodePoint {
  return (codePoint) => {
    const text = String.fromCodePoint(codePoint);
    return has(codePoint) || hasOnly(has, text.toLowerCase()) || hasOnly(has, text.toUpperCase());
  };
}

/** Some characters have several in another case (`ß`): these are left as they are, as ECMA-262 does. */
function hasOnly(has: HasCodePoint, text: string): boolean {
  const codePoint = text.codePointAt(0) ?? 0;
  return text.length === (codePoint > 0xffff ? 2 : 1) && has(codePoint);
}

/**
 * A Unicode property by its name, as `\p{…}` takes it. A script may stand alone (`\p{Greek}`), as most engines allow.
 *
 * @throws Error for a name that Unicode does not have.
 */
export function unicodeProperty(name: string, negated: boolean): HasCodePoint {
  const known = PROPERTIES.get(name) ?? compileProperty(name);
  return negated ? (codePoint) => !known(codePoint) : known;
}

/** One entry for each name that Unicode has, so the number is bounded by the standard. */
const PROPERTIES = new Map<string, HasCodePoint>();

function compileProperty(name: string): HasCodePoint {
  const matcher = [name, `Script=${name}`].map(propertyMatcher).find((candidate) => candidate !== undefined);
  if (matcher === undefined) throw new Error(`the property \\p{${name.slice(0, 40)}} is not known`);
  // The engine tests one character only, so there is nothing to backtrack over.
  const has: HasCodePoint = (codePoint) => matcher.test(String.fromCodePoint(codePoint));
  PROPERTIES.set(name, has);
  return has;
}

function propertyMatcher(name: string): RegExp | undefined {
  if (!/^[A-Za-z0-9_=]{1,64}$/.test(name)) return undefined;
  try {
    return new RegExp(`^\\p{${name}}$`, 'u');
  } catch {
    return undefined;
  }
}
