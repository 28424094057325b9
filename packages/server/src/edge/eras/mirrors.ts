/**
 * A16, H6: `Mcp-Method` and `Mcp-Name` mirror the body, so that a proxy that reads headers and a server that reads the
 * body see the same request. 2026-07-28 requires them. In earlier revisions they may be absent, but must not disagree.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { GuardError, type JsonObject } from '@sallyport/guard';
import { HEADER, HEADER_NAME, mirroredMember } from '../../mcp/headers.ts';
import { decodeHeaderText } from '../../mcp/header-text.ts';

/** The refusal of a message whose headers and body disagree. */
export const mismatch = (message: string): GuardError => new GuardError('header_mismatch', { message });

/** @throws GuardError `header_mismatch` for a header that disagrees, or is required and missing. */
export function checkMirrors(
  { method, params }: { readonly method: string; readonly params: JsonObject },
  headers: IncomingHttpHeaders,
  presence: 'required' | 'optional',
): void {
  const methodHeader = headers[HEADER.method];
  if (methodHeader === undefined && presence === 'required')
    throw mismatch(`The header ${HEADER_NAME.method} is missing.`);
  if (methodHeader !== undefined && methodHeader !== method)
    throw mismatch(`${HEADER_NAME.method} does not agree with the method of the body.`);
  const member = mirroredMember(method);
  const name = headers[HEADER.name];
  if (member === undefined) return;
  if (name === undefined && presence === 'required') throw mismatch(`The header ${HEADER_NAME.name} is missing.`);
  if (name !== undefined && decodeHeaderText(String(name)) !== params[member])
    throw mismatch(`${HEADER_NAME.name} does not agree with params.${member} of the body.`);
}

/**
 * H5, H6: each `Mcp-*` header stands once, in visible ASCII. Node.js joins repeated ones, where another reader may take
 * the last.
 *
 * @throws GuardError `header_mismatch`.
 */
export function checkMcpHeaders({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  const seen: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const rawName = rawHeaders[index] ?? '';
    // Most headers are none of MCP: this is cheaper than to lower the case of them all.
    if (rawName[3] !== '-' || (rawName[0] !== 'm' && rawName[0] !== 'M')) continue;
    const name = rawName.toLowerCase();
    if (!name.startsWith('mcp-')) continue;
    if (seen.includes(name)) throw mismatch('A header of MCP is there twice.');
    seen.push(name);
    if (!/^[\x20-\x7e]*$/.test(rawHeaders[index + 1] ?? ''))
      throw mismatch('A header of MCP has characters that a header cannot carry: use the base64 form.');
  }
}

/** For requests without a body, which these headers cannot mirror. @throws GuardError `header_mismatch`. */
export function checkNoMirrors(headers: IncomingHttpHeaders): void {
  if (headers[HEADER.method] !== undefined || headers[HEADER.name] !== undefined)
    throw mismatch(`${HEADER_NAME.method} and ${HEADER_NAME.name} belong to a body, and there is none.`);
}
