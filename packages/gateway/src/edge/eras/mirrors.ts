/**
 * A16, H6: `Mcp-Method` and `Mcp-Name` say what the body says, so that whoever routes by headers and whoever routes by body
 * see the same request. 2026-07-28 requires them; earlier revisions need not send them, but may not lie in them either.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { GuardError, type JsonObject } from '@sallyport/guard';
import { HEADER, HEADER_NAME, mirroredMember } from '../../mcp/headers.ts';
import { decodeHeaderText } from '../../mcp/header-text.ts';

export const mismatch = (message: string): GuardError => new GuardError('header_mismatch', { message });

/** @throws GuardError `header_mismatch` for one that is missing where it is required, or says something else. */
export function checkMirrors(
  { method, params }: { readonly method: string; readonly params: JsonObject },
  headers: IncomingHttpHeaders,
  presence: 'required' | 'optional',
): void {
  const said = headers[HEADER.method];
  if (said === undefined && presence === 'required') throw mismatch(`The header ${HEADER_NAME.method} is missing.`);
  if (said !== undefined && said !== method)
    throw mismatch(`${HEADER_NAME.method} does not agree with the method of the body.`);
  const member = mirroredMember(method);
  const name = headers[HEADER.name];
  if (member === undefined) return;
  if (name === undefined && presence === 'required') throw mismatch(`The header ${HEADER_NAME.name} is missing.`);
  if (name !== undefined && decodeHeaderText(String(name)) !== params[member])
    throw mismatch(`${HEADER_NAME.name} does not agree with params.${member} of the body.`);
}

/** H5, H6: each `Mcp-*` header once, in visible ASCII: Node joins repeated ones, and the next reader may take the last. */
export function checkMcpHeaders({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  const seen: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at] ?? '';
    if (given[3] !== '-' || (given[0] !== 'm' && given[0] !== 'M')) continue;
    const name = given.toLowerCase();
    if (!name.startsWith('mcp-')) continue;
    if (seen.includes(name)) throw mismatch('A header of MCP is there twice.');
    seen.push(name);
    if (!/^[\x20-\x7e]*$/.test(rawHeaders[at + 1] ?? ''))
      throw mismatch('A header of MCP has characters that a header cannot carry: use the base64 form.');
  }
}

/** A request without a body has nothing that these headers could mirror. */
export function checkNoMirrors(headers: IncomingHttpHeaders): void {
  if (headers[HEADER.method] !== undefined || headers[HEADER.name] !== undefined)
    throw mismatch(`${HEADER_NAME.method} and ${HEADER_NAME.name} belong to a body, and there is none.`);
}
