/** How the names of one server are spelled on `/mcp`, where all servers are. Server names have no underscore and no plus. */
export const SEPARATOR = '__';

export const clientName = (server: string, name: string): string => `${server}${SEPARATOR}${name}`;
export const clientUri = (server: string, uri: string): string =>
  uri.startsWith('ui://') ? `ui://${server}${SEPARATOR}${uri.slice(5)}` : `${server}+${uri}`;
