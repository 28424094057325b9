/**
 * B12: one resource, one spelling. A policy names a resource by its URI, and servers decode, fold and resolve URIs as
 * they please, so only the normal form of RFC 3986 (6.2.2, 6.2.3) is a name. Whatever else is refused, never rewritten:
 * what was judged is what is sent. One pass over the text, without backtracking.
 */

import { isLoopback } from './loopback.ts';

/** Of a scheme, and what it says about the rest of a URI. */
interface SchemeRules {
  readonly port?: string;
  /** Hosts are names of the DNS or addresses, and the path begins with a slash. */
  readonly hasInternetHost?: boolean;
}

const SCHEMES: ReadonlyMap<string, SchemeRules> = new Map([
  ['http', { port: '80', hasInternetHost: true }],
  ['https', { port: '443', hasInternetHost: true }],
  ['ws', { port: '80', hasInternetHost: true }],
  ['wss', { port: '443', hasInternetHost: true }],
  ['ftp', { port: '21', hasInternetHost: true }],
  ['ssh', { port: '22' }],
  ['sftp', { port: '22' }],
  ['git', { port: '9418' }],
  ['ldap', { port: '389' }],
  ['ldaps', { port: '636' }],
  ['smb', { port: '445' }],
  ['mysql', { port: '3306' }],
  ['postgres', { port: '5432' }],
  ['postgresql', { port: '5432' }],
  ['redis', { port: '6379' }],
  ['mongodb', { port: '27017' }],
  ['amqp', { port: '5672' }],
]);

/** No template of a server matches a longer one, and no longer one is pinned. */
const CHARACTERS_MAX = 8_192;
/** As in the stream-safe text of Unicode (UAX 15): no language needs more. */
const MARKS_IN_A_ROW_MAX = 30;
const MARK = /^\p{M}$/u;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;
const ALLOWED = /^[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]$/;
const OCTET = /^[0-9A-F]{2}$/;
const SCHEME = /^[a-z][a-z0-9+.-]*$/;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const ADDRESS = /^\[[0-9a-f:.]+\]$/;
const PORT = /^[1-9][0-9]{0,4}$/;
/** Connections to "any address" reach the machine itself. */
const UNSPECIFIED: ReadonlySet<string> = new Set(['0.0.0.0', '[::]']);

/**
 * Why a text is not a URI in normal form; `undefined` when it is. Never repeats the text.
 *
 * @example
 * ```ts
 * const isOneSpelling = (uri: string): boolean => uriFault(uri) === undefined;
 * ```
 */
export function uriFault(uri: string): string | undefined {
  const fault = octetFault(uri);
  if (fault !== undefined) return fault;
  const { scheme, authority, path, query, fragment } = partsOf(uri);
  if (scheme === undefined || !SCHEME.test(scheme)) return 'it must begin with a scheme in lower case';
  if (query === '' || fragment === '') return 'a query or a fragment must not be empty';
  if ([path, query, fragment].some((part) => part !== undefined && /[[\]]/.test(part)) || fragment?.includes('#'))
    return 'square brackets and a second "#" must be percent-encoded';
  if (path.split('/').some((segment) => segment === '.' || segment === '..'))
    return 'the path must not have the segments "." and ".."';
  return authorityFault(scheme, authority, path);
}

/**
 * The same for a URI template (RFC 6570): whether what stands around its expressions can be part of a normal form.
 *
 * @example
 * ```ts
 * const canMatch = (template: string): boolean => uriTemplateFault(template) === undefined;
 * ```
 */
export function uriTemplateFault(template: string): string | undefined {
  let text = '';
  for (const part of template.split('{')) {
    const close = text === '' ? -1 : part.indexOf('}');
    text += close === -1 ? part : `x${part.slice(close + 1)}`;
  }
  const fault = octetFault(text);
  if (fault !== undefined) return fault;
  const { scheme, authority } = partsOf(text);
  if (scheme === undefined || !SCHEME.test(scheme)) return 'it must begin with a scheme in lower case';
  return authority === undefined ? undefined : caseFault(authorityParts(authority).host);
}

/** Characters, percent-encoding and Unicode form. */
function octetFault(uri: string): string | undefined {
  if (uri.length > CHARACTERS_MAX) return `it must not be longer than ${CHARACTERS_MAX} characters`;
  for (let at = 0; at < uri.length; at++) {
    const character = uri[at] as string;
    if (character !== '%') {
      if (!ALLOWED.test(character)) return 'a character of it must be percent-encoded (as UTF-8)';
      continue;
    }
    const digits = uri.slice(at + 1, at + 3);
    if (!OCTET.test(digits)) return 'a percent sign must be followed by two hexadecimal digits in upper case';
    if (UNRESERVED.test(String.fromCharCode(Number.parseInt(digits, 16))))
      return 'letters, digits and the characters - . _ ~ must not be percent-encoded';
    at += 2;
  }
  return uri.includes('%') ? unicodeFault(uri) : undefined;
}

function unicodeFault(uri: string): string | undefined {
  const text = decoded(uri);
  if (text === undefined) return 'its percent-encoded octets must be UTF-8';
  if (UNSEEN.test(text)) return 'it must not hold control characters and characters that cannot be seen';
  if (hasManyMarks(text)) return `it must not have more than ${MARKS_IN_A_ROW_MAX} combining marks in a row`;
  return text.normalize('NFC') === text ? undefined : 'its characters must be in the Unicode form NFC';
}

/** B1: the time of normalization is quadratic in the number of marks in a row, which it puts in order. */
function hasManyMarks(text: string): boolean {
  let marks = 0;
  for (const character of text) {
    marks = MARK.test(character) ? marks + 1 : 0;
    if (marks > MARKS_IN_A_ROW_MAX) return true;
  }
  return false;
}

function decoded(uri: string): string | undefined {
  try {
    return decodeURIComponent(uri);
  } catch {
    return undefined;
  }
}

interface UriParts {
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

/** RFC 3986, appendix B, without its expression. */
function partsOf(uri: string): UriParts {
  const [beforeFragment, fragment] = splitAt(uri, '#');
  const [beforeQuery, query] = splitAt(beforeFragment, '?');
  const [scheme, rest] = splitAt(beforeQuery, ':');
  if (rest === undefined) return { scheme: undefined, authority: undefined, path: scheme, query, fragment };
  if (!rest.startsWith('//')) return { scheme, authority: undefined, path: rest, query, fragment };
  const slash = rest.indexOf('/', 2);
  const end = slash === -1 ? rest.length : slash;
  return { scheme, authority: rest.slice(2, end), path: rest.slice(end), query, fragment };
}

function splitAt(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function authorityFault(scheme: string, authority: string | undefined, path: string): string | undefined {
  const rules = SCHEMES.get(scheme);
  if (scheme === 'file' && (authority === undefined || isOwnMachine(authority)))
    return 'a file of this machine must begin with file:///';
  if (scheme === 'file' && authority !== '' && !isNormalHost(authority ?? '', undefined))
    return 'the host of a file must be in normal form';
  if (scheme === 'urn' && /^[^:]*[A-Z]/.test(path)) return 'the namespace of a URN must be in lower case';
  if (rules !== undefined && authority === undefined) return 'this scheme needs a host';
  if (authority === undefined) return undefined;
  const { user, host, port } = authorityParts(authority);
  if (user === '' || port === '') return 'user information and port must not be empty';
  if (port !== undefined && (!PORT.test(port) || port === rules?.port))
    return 'the port must be a number without leading zeros, and not the usual one of the scheme';
  if (/[[\]]/.test(host) && !isNormalAddress(host)) return 'an IPv6 address must be written as RFC 5952 says';
  if (rules?.hasInternetHost === true && (user !== undefined || path === '' || !isNormalHost(host, port)))
    return 'this scheme needs a host in normal form, no user information, and a path';
  return caseFault(host);
}

/** Whether a host names the machine itself: a file there has no host in its URI. */
const isOwnMachine = (host: string): boolean => isLoopback(host) || UNSPECIFIED.has(host);

function authorityParts(authority: string): {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
} {
  const at = authority.lastIndexOf('@');
  const user = at === -1 ? undefined : authority.slice(0, at);
  const rest = authority.slice(at + 1);
  const colon = rest.indexOf(':', rest.startsWith('[') ? rest.indexOf(']') : 0);
  return {
    user,
    host: colon === -1 ? rest : rest.slice(0, colon),
    port: colon === -1 ? undefined : rest.slice(colon + 1),
  };
}

const isNormalAddress = (host: string): boolean => ADDRESS.test(host) && isNormalHost(host, undefined);

/** As the URL Standard writes it: no other spelling of an address, no name that differs from its DNS form. */
function isNormalHost(host: string, port: string | undefined): boolean {
  const text = `http://${host}${port === undefined ? '' : `:${port}`}/`;
  return !host.endsWith('.') && URL.canParse(text) && new URL(text).hostname === host;
}

/** Hosts are compared without regard to case, also those that are written with percent-encoded letters. */
function caseFault(host: string): string | undefined {
  const text = decoded(host) ?? host;
  return text.toLowerCase() === text ? undefined : 'the host must be in lower case';
}
