/** A link: one conversation with one server, on behalf of one principal. What transports implement and bridges use. */
import type { Era, JsonObject } from '@sallyport/guard';
import type { ServerProfile } from '../../snapshot.ts';

/** Answers a request that a server makes of the client. `withdrawn` is aborted when the server wants no answer any more. */
export type OnRequest = (method: string, params: JsonObject, withdrawn: AbortSignal) => Promise<JsonObject>;

/** One request to a server. The link adds the id and the progress token. */
export interface OutboundRequest {
  readonly method: string;
  readonly params: JsonObject;
  /** Takes the place of `params.arguments`, byte for byte. */
  readonly rawArguments: Uint8Array | undefined;
  /** Headers that mirror the body (2026-07-28, HTTP); other transports ignore them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly wantsProgress: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds without a sign of life; `undefined` = waits until the signal aborts (listens). */
  readonly timeoutMs: number | undefined;
  /** Milliseconds since the epoch after which nobody waits for the answer; `undefined` = no such moment. */
  readonly deadlineMs: number | undefined;
  readonly bytesMax: number;
  /** A notification that belongs to this request; the progress token is already taken out. */
  onNotification(method: string, params: JsonObject): void;
  /** A request that the server makes while it works on this one (legacy). Rejects with a GuardError to refuse it. */
  readonly onRequest: OnRequest;
}

export interface ServerResult {
  readonly value: JsonObject;
  readonly bytes: Uint8Array | undefined;
}

/** What a server says that belongs to no request of ours. */
export interface ServerInitiated {
  notification(method: string, params: JsonObject): void;
  readonly request: OnRequest;
}

export interface Transport {
  /** @throws GuardError `upstream_failed`, `upstream_timeout`, `cancelled`, `output_blocked` or `missing_client_capability`. */
  request(ask: OutboundRequest): Promise<ServerResult>;
  notify(method: string, params: JsonObject): Promise<void>;
  /** True when no further request can succeed. */
  isClosed(): boolean;
  close(): Promise<void>;
}

export interface Connection extends Transport {
  readonly era: Era;
  readonly version: string;
  readonly transport: 'http' | 'stdio';
  readonly profile: ServerProfile;
}

const never = new AbortController().signal;

/** A request that the gateway makes for itself while it opens a link or compares definitions. */
export function gatewayRequest(
  method: string,
  params: JsonObject,
  timeoutMs: number,
  bytesMax: number,
): OutboundRequest {
  return {
    method,
    params,
    rawArguments: undefined,
    headers: {},
    wantsProgress: false,
    signal: never,
    timeoutMs,
    deadlineMs: undefined,
    bytesMax: bytesMax,
    onNotification: () => undefined,
    onRequest: () => Promise.reject(new Error('nobody to ask')),
  };
}
