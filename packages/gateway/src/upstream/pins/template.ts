/**
 * Does a URI match a template (RFC 6570, levels 1 and 2, and the common operators with one variable)? The time is
 * linear in the URI for the usual templates. No regular expression is ever made from what a server sent.
 */

export interface TemplatePart {
  /** The text to match; `undefined` for a variable. */
  readonly literal: string | undefined;
  /** True when the variable may hold reserved characters (`+` and `#`), false when it is one path segment. */
  readonly reserved: boolean;
}

const PARTS_MAX = 64;
const URI_CHARACTERS_MAX = 8_192;

/**
 * @returns `undefined` for a template that cannot be matched safely: nested braces, unknown operators, two variables
 *   side by side.
 */
export function compileTemplate(template: string): readonly TemplatePart[] | undefined {
  const parts: TemplatePart[] = [];
  let position = 0;
  while (position < template.length) {
    const open = template.indexOf('{', position);
    const literal = template.slice(position, open === -1 ? undefined : open);
    if (literal.includes('}')) return undefined;
    if (literal !== '') parts.push({ literal, reserved: false });
    if (open === -1) break;
    const close = template.indexOf('}', open);
    if (close === -1) return undefined;
    const expression = expressionParts(template.slice(open + 1, close));
    if (expression === undefined) return undefined;
    const followsVariable = parts.length > 0 && parts.at(-1)?.literal === undefined;
    if (followsVariable && expression[0]?.literal === undefined) return undefined;
    parts.push(...expression);
    position = close + 1;
  }
  return parts.length > PARTS_MAX ? undefined : parts;
}

function expressionParts(expression: string): TemplatePart[] | undefined {
  const [, operator = '', name] = /^([+#./]?)([A-Za-z0-9_.%]+)\*?$/.exec(expression) ?? [];
  if (name === undefined) return undefined;
  const variable: TemplatePart = { literal: undefined, reserved: operator === '+' || operator === '#' };
  return operator === '' || operator === '+' ? [variable] : [{ literal: operator, reserved: false }, variable];
}

/** What an unreserved variable can hold: one segment, percent-encoded where it must be. */
const SEGMENT = /^[^/?#[\]@!$&'()*+,;=:]+$/;

/** Whether a URI matches a template, one from `compileTemplate`. */
export type MatchTemplate = (parts: readonly TemplatePart[]) => boolean;

/** Characters of values that are judged for one URI: a server may have thousands of templates (B1). */
const JUDGED_CHARACTERS_MAX = 64 * URI_CHARACTERS_MAX;

/**
 * For one URI and any number of templates.
 *
 * @param uri in normal form. One with dot segments matches nothing (S7), and neither does one with a value that servers
 *   may read as another one (B12).
 */
export function createTemplateMatcher(uri: string): MatchTemplate {
  if (uri.length > URI_CHARACTERS_MAX || hasDotSegments(uri)) return () => false;
  let charactersLeft = JUDGED_CHARACTERS_MAX;
  return (parts) => {
    const values = valuesOf(parts, uri);
    if (values === undefined) return false;
    for (const { value, reserved } of values) {
      charactersLeft -= value.length;
      if (charactersLeft < 0 || !(reserved || SEGMENT.test(value)) || hasSecondReading(value)) return false;
    }
    return true;
  };
}

interface VariableValue {
  readonly value: string;
  readonly reserved: boolean;
}

/** What the variables hold; `undefined` when the literals are not where they must be, or a variable is empty. */
function valuesOf(parts: readonly TemplatePart[], uri: string): readonly VariableValue[] | undefined {
  const values: VariableValue[] = [];
  let position = 0;
  for (const [index, { literal, reserved }] of parts.entries()) {
    if (literal !== undefined) {
      if (!uri.startsWith(literal, position)) return undefined;
      position += literal.length;
      continue;
    }
    const end = variableEnd(parts, index, uri, position);
    if (end <= position) return undefined;
    values.push({ value: uri.slice(position, end), reserved });
    position = end;
  }
  return position === uri.length ? values : undefined;
}

/** A variable ends at the next literal: its first occurrence, or the end of the URI for the last literal. */
function variableEnd(parts: readonly TemplatePart[], index: number, uri: string, start: number): number {
  const literal = parts[index + 1]?.literal;
  if (literal === undefined) return uri.length;
  return index + 2 === parts.length ? uri.length - literal.length : uri.indexOf(literal, start + 1);
}

/**
 * B12: a value that names the same as a shorter or simpler one on some systems: with separators that are encoded, at an
 * end or doubled, with a query, a fragment, a path parameter or a stream of its own, encoded twice, with dots or spaces
 * at the end of a name, or in a compatibility form of Unicode.
 */
function hasSecondReading(value: string): boolean {
  if (/%(2F|5C|25[0-9A-Fa-f])|[?#;]|:\$/.test(value)) return true;
  const names = value.split('/');
  if (names.some((name) => name === '' || name.endsWith('.') || name.startsWith('%20') || name.endsWith('%20')))
    return true;
  return value.includes('%') && isCompatibilityForm(value);
}

function isCompatibilityForm(value: string): boolean {
  const text = decodeURIComponent(value);
  return text.normalize('NFKC') !== text;
}

const DECODING_ROUNDS_MAX = 3;

/** True for `.` and `..` between separators, however often they are percent-encoded (S7). */
export function hasDotSegments(uri: string): boolean {
  let text = uri;
  for (let round = 0; round < DECODING_ROUNDS_MAX; round++) {
    if (/(^|[/\\:?#=&])\.{1,2}([/\\?#&]|$)/.test(text)) return true;
    const decoded = text.replace(/%(2e|2f|5c|25)/gi, (escape) => decodeURIComponent(escape));
    if (decoded === text) return false;
    text = decoded;
  }
  // No honest URI is encoded so often.
  return true;
}
