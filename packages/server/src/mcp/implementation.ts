/** How the gateway names itself (MCP, schema, `Implementation`): `serverInfo` to clients, `clientInfo` to servers. */
import type { JsonObject } from '@sallyport/guard';

/** The version of the package; a test compares it with `package.json`. */
export const VERSION = '0.1.0';

/** The `clientInfo` that servers get. */
export const CLIENT_INFO: JsonObject = { name: 'sallyport', version: VERSION };

/** The `serverInfo` that clients get from the gateway itself. */
export const GATEWAY_INFO: JsonObject = { name: 'sallyport', title: 'Sallyport', version: VERSION };
