/** The state of one parked call. */
import { GuardError, type ClientChannel, type JsonObject } from '@sallyport/guard';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import type { InputRequest } from '@sallyport/server/mcp/results';
import type { UpstreamSession } from '../../sessions/session.ts';
import { remoteErrorOf } from '../../transports/failure.ts';
import type { ServerResult } from '../../transports/transport.ts';
import type { ServerCall } from '../server-call.ts';

/** A request that the server made during the call. It waits for the client's next retry. */
export interface ParkedRequest extends InputRequest {
  readonly resolve: (response: JsonObject) => void;
  readonly reject: (reason: GuardError) => void;
}

/** A modern client's call that a legacy server works on, while the client comes and goes with its retries. */
export interface ParkedCall {
  readonly id: string;
  /** As it was first sent. Retries bring calls of their own, with other channels and deadlines. */
  readonly call: ServerCall;
  readonly session: UpstreamSession;
  /** Cancels the call at the server. */
  readonly abort: AbortController;
  /** By the key of the input request. */
  readonly requests: Map<string, ParkedRequest>;
  readonly result: Promise<ServerResult>;
  /** Of the client's request that waits now; `undefined` between two of them. */
  channel: ClientChannel | undefined;
  /** How many retries there were. */
  round: number;
  /** How many requests the server made. */
  requestCount: number;
  /** Called when the server made a request. */
  onRequestAdded: () => void;
  expiry: NodeJS.Timeout | undefined;
  /** Ends its count among the calls under way. Calling it again has no effect. */
  releaseShare: (() => void) | undefined;
  /** Why a request of the server was refused, when the client lacks a capability for it. */
  missingCapability: GuardError | undefined;
}

/**
 * Adds a request of the server.
 *
 * @returns the client's response.
 * @throws GuardError `cancelled` when the server withdraws it.
 */
export function addRequest(
  parked: ParkedCall,
  { method, params }: InputRequest,
  withdrawn: AbortSignal,
): Promise<JsonObject> {
  const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
  const key = `q${++parked.requestCount}`;
  parked.requests.set(key, { method, params, resolve, reject });
  const withdraw = (): void => {
    if (parked.requests.delete(key)) reject(new GuardError('cancelled'));
  };
  withdrawn.addEventListener('abort', withdraw, { once: true });
  parked.onRequestAdded();
  return promise;
}

/** A server that fails because the client has no such method means the client's method, not one of its own. */
export function failureOf({ missingCapability }: ParkedCall, thrown: unknown): unknown {
  return remoteErrorOf(thrown)?.code === RPC_ERROR.methodNotFound ? (missingCapability ?? thrown) : thrown;
}
