/**
 * Checks the literal text of a template, once for each place in the code. What the author wrote is trusted to mean
 * well, not to be free of mistakes: a quote that stays open would swallow a value, a semicolon would begin a second
 * statement.
 */

const checked = new WeakSet<TemplateStringsArray>();

const QUOTES = new Set(["'", '"']);
/** Outside of quotes: what begins a comment or a second statement, and the placeholders and quotes of some dialects. */
const FORBIDDEN: readonly (readonly [text: string, why: string])[] = [
  [';', 'is one statement: remove the semicolon'],
  ['--', 'has no comments: write them outside of it'],
  ['/*', 'has no comments: write them outside of it'],
  ['$', 'has values as ${value}, and no $1 and no $$'],
  ['`', 'quotes names with "'],
  ['\0', 'has no NUL'],
];
/** Settings are set by the library: they hold the tenant. In quotes, too, where it would be a name. */
const SETTINGS = /set_config/i;
/** Strings in which a backslash is special: `E'…'`, and names and strings with escapes: `U&'…'`. */
const ESCAPING_PREFIX = /(?:^|[^A-Za-z0-9_])(?:e|u&)$/i;

/**
 * @throws TypeError for what is not the text of a template, a quote that does not end before a value or the end,
 * several statements, comments, or a change of settings.
 */
export function checkText(strings: TemplateStringsArray): void {
  if (checked.has(strings)) return;
  // Texts of a template are frozen by the language. What a program put together is not.
  if (!Array.isArray(strings) || !Object.isFrozen(strings) || !Object.isFrozen(strings.raw))
    throw new TypeError('sql is written before a template: sql`select …`, never called with a text');
  for (const text of strings) checkPart(text);
  if (SETTINGS.test(strings.join(''))) throw new TypeError('sql cannot change settings: one of them holds the tenant');
  checked.add(strings);
}

function checkPart(text: string): void {
  const bare = outsideQuotes(text);
  for (const [found, why] of FORBIDDEN) if (bare.includes(found)) throw new TypeError(`a statement ${why}`);
}

/**
 * The text with everything in quotes left out.
 *
 * @throws TypeError for a quote that does not end, and for one with escapes.
 */
export function outsideQuotes(text: string): string {
  let bare = '';
  let at = 0;
  while (at < text.length) {
    const character = text[at] as string;
    if (!QUOTES.has(character)) {
      bare += character;
      at += 1;
      continue;
    }
    if (ESCAPING_PREFIX.test(bare)) throw new TypeError("a statement has no strings with escapes (E'…', U&'…')");
    const end = text.indexOf(character, at + 1);
    if (end === -1) throw new TypeError('a quote stays open: a value stands outside of quotes, as in name = ${name}');
    // A doubled quote ends one string and begins another, which leaves out the same text.
    bare += ' ';
    at = end + 1;
  }
  return bare;
}
