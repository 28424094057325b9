import { uriTemplateFault } from '@sallyport/guard';

/** A URI template of RFC 6570, level 1. */
export interface UriTemplate {
  readonly variables: readonly string[];
  /** The decoded variables of a URI that follows the template; `undefined` for every other URI. */
  readonly match: (uri: string) => Readonly<Record<string, string>> | undefined;
}

const VARIABLE = /\{([A-Za-z_][A-Za-z0-9_]{0,63})\}/;
/** One part of a path, percent-encoded where it must be. */
const PART = /^[^/?#[\]@!$&'()*+,;=:]+$/;

/** @throws RangeError for a template that is not of level 1, or in which two variables stand side by side. */
export function readTemplate(text: string, what: string): UriTemplate {
  const fault = uriTemplateFault(text);
  if (fault !== undefined) throw new RangeError(`${what}: the template ${fault}`);
  const pieces = text.split(VARIABLE);
  const literals = pieces.filter((_piece, index) => index % 2 === 0);
  const variables = pieces.filter((_piece, index) => index % 2 === 1);
  if (literals.some((literal) => /[{}]/.test(literal)))
    throw new RangeError(`${what}: a variable is written like {id}; other operators do not exist here`);
  if (new Set(variables).size !== variables.length) throw new RangeError(`${what}: a variable stands there twice`);
  if (variables.length === 0) throw new RangeError(`${what}: it has no variable; use resource()`);
  if (literals.slice(1, -1).some((literal) => literal === ''))
    throw new RangeError(`${what}: two variables stand side by side`);
  return { variables, match: (uri) => matchParts(literals, variables, uri) };
}

/** A variable ends where the next literal begins for the first time: the time is linear in the URI (B1). */
function matchParts(
  literals: readonly string[],
  variables: readonly string[],
  uri: string,
): Readonly<Record<string, string>> | undefined {
  const [first = ''] = literals;
  if (!uri.startsWith(first)) return undefined;
  const values: Record<string, string> = {};
  let at = first.length;
  for (const [index, variable] of variables.entries()) {
    const literal = literals[index + 1] ?? '';
    const isLast = index === variables.length - 1;
    const end = isLast && literal === '' ? uri.length : uri.indexOf(literal, at);
    const value = end === -1 ? undefined : decoded(uri.slice(at, end));
    if (value === undefined) return undefined;
    values[variable] = value;
    at = end + literal.length;
  }
  return at === uri.length ? values : undefined;
}

/** @returns `undefined` for what is not one part of a path, such as one that hides a slash (S7). */
function decoded(part: string): string | undefined {
  if (!PART.test(part)) return undefined;
  try {
    const value = decodeURIComponent(part);
    return /[/\\\0]/.test(value) || value === '.' || value === '..' ? undefined : value;
  } catch {
    return undefined;
  }
}
