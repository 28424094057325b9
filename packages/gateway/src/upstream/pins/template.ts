/**
 * Does a URI match a template (RFC 6570, levels 1 and 2, and the common operators with one variable)? Answered in time
 * linear in the URI for the usual templates, and never by a regular expression that was made from what a server said.
 */

interface Part {
  readonly literal: string | undefined;
  /** Characters that a variable may stand for: one path segment, or anything reserved as well (`+` and `#`). */
  readonly reserved: boolean;
}

const PARTS_MAX = 64;
const URI_CHARACTERS_MAX = 8_192;

/** `undefined` for a template that cannot be matched safely: nested braces, unknown operators, two variables side by side. */
export function compileTemplate(template: string): readonly Part[] | undefined {
  const parts: Part[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{', at);
    const literal = template.slice(at, open === -1 ? undefined : open);
    if (literal.includes('}')) return undefined;
    if (literal !== '') parts.push({ literal, reserved: false });
    if (open === -1) break;
    const close = template.indexOf('}', open);
    if (close === -1) return undefined;
    const expression = expressionParts(template.slice(open + 1, close));
    if (
      expression === undefined ||
      (parts.length > 0 && parts.at(-1)?.literal === undefined && expression[0]?.literal === undefined)
    )
      return undefined;
    parts.push(...expression);
    at = close + 1;
  }
  return parts.length > PARTS_MAX ? undefined : parts;
}

function expressionParts(expression: string): Part[] | undefined {
  const [, operator = '', name] = /^([+#./]?)([A-Za-z0-9_.%]+)\*?$/.exec(expression) ?? [];
  if (name === undefined) return undefined;
  const variable: Part = { literal: undefined, reserved: operator === '+' || operator === '#' };
  return operator === '' || operator === '+' ? [variable] : [{ literal: operator, reserved: false }, variable];
}

/** What an unreserved expansion can hold: one segment, percent-encoded where it must be. */
const SEGMENT = /^[^/?#[\]@!$&'()*+,;=:]+$/;

export function matchesTemplate(parts: readonly Part[], uri: string): boolean {
  if (uri.length > URI_CHARACTERS_MAX || hasDotSegments(uri)) return false;
  let at = 0;
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as Part;
    if (part.literal !== undefined) {
      if (!uri.startsWith(part.literal, at)) return false;
      at += part.literal.length;
      continue;
    }
    const next = parts[index + 1]?.literal;
    const end =
      next === undefined
        ? uri.length
        : index + 2 === parts.length
          ? uri.length - next.length
          : uri.indexOf(next, at + 1);
    const value = end <= at ? '' : uri.slice(at, end);
    if (value === '' || !(part.reserved || SEGMENT.test(value))) return false;
    at = end;
  }
  return at === uri.length;
}

/** True for `.` and `..` between separators, however often they were percent-encoded (S7). */
export function hasDotSegments(uri: string): boolean {
  let text = uri;
  for (let round = 0; round < 3; round++) {
    if (/(^|[/\\:?#=&])\.{1,2}([/\\?#&]|$)/.test(text)) return true;
    const decoded = text.replace(/%(2e|2f|5c|25)/gi, (escape) => decodeURIComponent(escape));
    if (decoded === text) return false;
    text = decoded;
  }
  // Still changing after three rounds: nobody encodes an honest URI that often.
  return true;
}
