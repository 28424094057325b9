/** What servers may ask of clients (MCP, client/sampling, client/elicitation and client/roots). */
import { isObject, type Json, type MCP_METHODS, type McpMethod } from '@sallyport/guard';

/** The requests that the guard knows in this direction. */
type ToClient = {
  [Method in McpMethod]: (typeof MCP_METHODS)[Method]['direction'] extends 'to_client' ? Method : never;
}[McpMethod];

/** Each request and the client capability that it needs. A request without a row is a type error. */
export const CLIENT_REQUESTS = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
} as const satisfies Record<ToClient, string>;

/** What a server may ask of a client. */
export type ClientRequestMethod = keyof typeof CLIENT_REQUESTS;

/** What a client declares when it can be asked. */
export type ClientRequestCapability = (typeof CLIENT_REQUESTS)[ClientRequestMethod];

/** Every capability that some request needs. */
export const CLIENT_REQUEST_CAPABILITIES: readonly ClientRequestCapability[] = Object.values(CLIENT_REQUESTS);

/** False for every other method, those that only clients may send included. */
export const isClientRequest = (method: string): method is ClientRequestMethod =>
  Object.hasOwn(CLIENT_REQUESTS, method);

/** @returns the capability that the client must have declared; `undefined` for what no server may ask of a client. */
export const capabilityNeededBy = (method: string): ClientRequestCapability | undefined =>
  isClientRequest(method) ? CLIENT_REQUESTS[method] : undefined;

/** An elicitation capability that names no mode means forms only (MCP 2025-11-25, client/elicitation). */
export const acceptsForms = (elicitation: Json | undefined): boolean =>
  isObject(elicitation) && (isObject(elicitation['form']) || !isObject(elicitation['url']));

/** URLs are accepted only by clients that say so. */
export const acceptsUrls = (elicitation: Json | undefined): boolean =>
  isObject(elicitation) && isObject(elicitation['url']);
