/** Requests to a server and what comes back: the contract between the transports and their users. */
import type { Definition, Era, JsonObject } from '@sallyport/guard';
import type { ServerProfile } from '../../snapshot.ts';

/** Answers a request that a server makes of the client. `withdrawn` aborts when the server cancels its request. */
export type OnRequest = (method: string, params: JsonObject, withdrawn: AbortSignal) => Promise<JsonObject>;

/** One request to a server. The transport adds the id and the progress token. */
export interface OutboundRequest {
  readonly method: string;
  readonly params: JsonObject;
  /** Replaces `params.arguments`, byte for byte. */
  readonly rawArguments: Uint8Array | undefined;
  /** The tool that is called: HTTP mirrors the arguments into headers that its schema names (2026-07-28). */
  readonly definition: Definition | undefined;
  readonly wantsProgress: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds that the server may be silent; `undefined` = any time, until the signal aborts (subscriptions). */
  readonly timeoutMs: number | undefined;
  /** Milliseconds since the epoch after which nobody waits for the result; `undefined` = no such moment. */
  readonly deadlineMs: number | undefined;
  /** Bytes that the result may have. */
  readonly bytesMax: number;
  /** Gets the notifications of this request, without the progress token. */
  onNotification(method: string, params: JsonObject): void;
  /** The server has ended its stream before the response, and is asked for the rest of it (2025-11-25). */
  readonly onStreamEnded?: () => void;
  /** Answers a request that the server makes while it works on this one (legacy). A GuardError refuses it. */
  readonly onRequest: OnRequest;
}

/** The result of a request. */
export interface ServerResult {
  readonly value: JsonObject;
  /** The result as the server sent it; `undefined` when it could be read in more than one way. */
  readonly bytes: Uint8Array | undefined;
  /** Bytes that were received for it, however it could be read (B5). */
  readonly receivedBytes: number;
}

/** Handles what a server sends that belongs to no request of the gateway. */
export interface ServerInitiated {
  notification(method: string, params: JsonObject): void;
  readonly request: OnRequest;
}

/** A way to one server, before the handshake. */
export interface Transport {
  /**
   * @throws GuardError `upstream_failed`, `upstream_timeout`, `cancelled`, `output_blocked` or
   * `missing_client_capability`.
   */
  request(request: OutboundRequest): Promise<ServerResult>;
  notify(method: string, params: JsonObject): Promise<void>;
  /** True when no further request can succeed. */
  isClosed(): boolean;
  close(): Promise<void>;
}

/** A transport after the handshake. */
export interface Connection extends Transport {
  readonly era: Era;
  /** The protocol revision that was agreed on. */
  readonly version: string;
  readonly profile: ServerProfile;
  /** Whether the server can make requests of its own: only in a session, which the modern era does not have. */
  readonly carriesServerRequests: boolean;
}

const neverAborts = new AbortController().signal;

/** A request that the gateway makes for itself, for example a handshake or a list. */
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
    definition: undefined,
    wantsProgress: false,
    signal: neverAborts,
    timeoutMs,
    deadlineMs: undefined,
    bytesMax,
    onNotification: () => undefined,
    onRequest: () => Promise.reject(new Error('a request of the gateway has no client')),
  };
}
