/** How `/mcp`, which shows all servers, spells the names of one. Server names have neither underscore nor plus. */

export const SEPARATOR = '__';

/** Of a tool or prompt: `server__name`. */
export const clientName = (server: string, name: string): string => `${server}${SEPARATOR}${name}`;

/** Of a resource or resource template: `server+uri`, and `ui://server__rest` for MCP Apps. */
export const clientUri = (server: string, uri: string): string =>
  uri.startsWith('ui://') ? `ui://${server}${SEPARATOR}${uri.slice(5)}` : `${server}+${uri}`;
