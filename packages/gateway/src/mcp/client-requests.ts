/** What servers may ask of clients (MCP, client/sampling, client/elicitation and client/roots). */

/** Each request and the client capability that it needs. */
export const CLIENT_REQUESTS = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
} as const;

export type ClientRequestMethod = keyof typeof CLIENT_REQUESTS;
export type ClientRequestCapability = (typeof CLIENT_REQUESTS)[ClientRequestMethod];

export const CLIENT_REQUEST_CAPABILITIES: readonly ClientRequestCapability[] = Object.values(CLIENT_REQUESTS);

export const isClientRequest = (method: string): method is ClientRequestMethod =>
  Object.hasOwn(CLIENT_REQUESTS, method);

/** @returns the capability that the client must have declared; `undefined` for what no server may ask of a client. */
export const capabilityNeededBy = (method: string): ClientRequestCapability | undefined =>
  isClientRequest(method) ? CLIENT_REQUESTS[method] : undefined;
