/** HTTP headers of MCP (MCP 2025-11-25 and 2026-07-28, basic/transports; SEP-2243). */
import type { JsonObject } from '@sallyport/guard';

/** As they are spelled in answers and in texts. */
export const HEADER_NAME = {
  protocolVersion: 'MCP-Protocol-Version',
  method: 'Mcp-Method',
  name: 'Mcp-Name',
  sessionId: 'Mcp-Session-Id',
  lastEventId: 'Last-Event-ID',
} as const;

/** The same names in lower case, as Node.js reads headers and as the gateway sends them. */
export const HEADER = {
  protocolVersion: 'mcp-protocol-version',
  method: 'mcp-method',
  name: 'mcp-name',
  sessionId: 'mcp-session-id',
  lastEventId: 'last-event-id',
} as const satisfies { [Key in keyof typeof HEADER_NAME]: Lowercase<(typeof HEADER_NAME)[Key]> };

/** The member of `params` that `Mcp-Name` mirrors. Methods that are not here have no `Mcp-Name`. */
const MIRRORED_MEMBER: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** @returns the member of `params` that `Mcp-Name` mirrors; `undefined` for a method without `Mcp-Name`. */
export const mirroredMember = (method: string): string | undefined => MIRRORED_MEMBER.get(method);

/** @returns the text that `Mcp-Name` mirrors, not yet encoded for a header; `undefined` when there is none. */
export function mirroredName(method: string, params: JsonObject): string | undefined {
  const member = mirroredMember(method);
  const name = member === undefined ? undefined : params[member];
  return typeof name === 'string' ? name : undefined;
}

/** A POST is answered with one JSON message or with a stream of events, so a client must accept both. */
export const ACCEPT_RESPONSE = 'application/json, text/event-stream';

/** The media type of server-sent events. */
export const EVENT_STREAM = 'text/event-stream';
