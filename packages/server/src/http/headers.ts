/** Headers that nobody can use to say something else than one value (R3). */
import { ToolError } from '../errors.ts';

/**
 * Headers with secrets, each read when a request is made: the value is in no error and no log.
 *
 * @example
 * ```ts
 * const credentials: CredentialHeaders = { 'x-api-key': () => readFile('/run/secrets/crm', 'utf8') };
 * ```
 */
export type CredentialHeaders = Readonly<Record<string, () => string | Promise<string>>>;

const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
/** Visible ASCII with spaces inside. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]{0,8190}[\x21-\x7e])?$/;
/** Of framing and routing: a request with two of them can be read in two ways. */
const RESERVED = new Set(
  (
    'host connection content-length content-encoding transfer-encoding te trailer upgrade expect keep-alive ' +
    'accept-encoding proxy-authorization proxy-connection'
  ).split(' '),
);

/** In lower case. @throws RangeError for a name of the author, ToolError for a value that cannot be sent. */
export function checkedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const lower = checkedName(name);
      if (!VALUE.test(value)) throw new ToolError('INVALID_ARGUMENT', 'A header cannot hold this value.');
      return [lower, value];
    }),
  );
}

function checkedName(name: string): string {
  const lower = name.toLowerCase();
  if (!NAME.test(lower) || RESERVED.has(lower))
    throw new RangeError(`the header ${JSON.stringify(name)} cannot be set`);
  return lower;
}

/** @throws Error without the value. */
export async function credentialHeaders(credentials: CredentialHeaders): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, read] of Object.entries(credentials)) {
    const value = (await read()).trim();
    if (!VALUE.test(value)) throw new Error(`the credential for ${checkedName(name)} cannot be sent`);
    headers[checkedName(name)] = value;
  }
  return headers;
}
