/** Headers that mirror the body of a request (2026-07-28, streamable HTTP; SEP-2243): `Mcp-Name` and `Mcp-Param-*`. */
import type { Definition, JsonObject } from '@sallyport/guard';
import { encodeHeaderText } from '@sallyport/server/mcp/header-text';
import { HEADER, mirroredName } from '@sallyport/server/mcp/headers';
import { paramHeaders } from '@sallyport/server/mcp/param-headers';

/** @param params what is sent to the server, after every rewriting, so that headers and body cannot disagree. */
export function mirrorHeaders(
  method: string,
  params: JsonObject,
  definition: Definition | undefined,
): Record<string, string> {
  const name = mirroredName(method, params);
  return {
    ...(name !== undefined && { [HEADER.name]: encodeHeaderText(name) }),
    ...(method === 'tools/call' && paramHeaders(definition?.document['inputSchema'], params['arguments'])),
  };
}
