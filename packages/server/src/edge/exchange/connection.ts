import type { Identity, Outcome } from '@sallyport/guard';
import type { ClientProfile } from '../eras/sender.ts';
import type { RenderedResponse } from '../render/rendered-response.ts';
import type { LiveSession, PendingCall } from '../sessions/live-sessions.ts';
import type { StreamSlots } from '../subscriptions/stream-slots.ts';

/**
 * What ends and bounds streams that do not end by themselves. Only HTTP has it, because a stdio process serves one
 * client.
 */
export interface StreamLimits {
  /** Aborted when the gateway stops. */
  readonly closing: AbortSignal;
  readonly slots: StreamSlots;
}

/** The connection to the client of one request. Each transport has its own; the exchange uses both alike. */
export interface ClientConnection {
  /** What runs in the session of this client; `undefined` when it has no session. */
  readonly live: LiveSession | undefined;
  /** This request, so that it can be cancelled. */
  readonly pending: PendingCall;
  /** Whether messages can reach the client before the response. */
  readonly canStream: boolean;
  readonly streamLimits: StreamLimits | undefined;
  /** Aborted when the client has gone away. */
  readonly closed: AbortSignal;
  /** Aborted when the gateway stops: what only waits, ends. */
  readonly closing: AbortSignal;
  /** Sets what watches the call while its answer is a stream. @param watch returns a function that ends it. */
  whileStreaming(watch: () => () => void): void;
  /** Sends one JSON-RPC message before the response; drops it when the client cannot take it. */
  send(message: object): void;
  /** Ends the stream before the response, if the client can come back for the rest. */
  endStream(): void;
  /** Keeps what `initialize` agreed on, for the messages that follow. */
  openSession(client: ClientProfile, identity: Identity): void;
  /** Notes that the session has subscriptions: a restart loses them, and must then end the session. */
  holdSession(): Promise<void>;
  /** Sends the response. @returns the HTTP status for the metrics; 200 on stdio. */
  finish(response: RenderedResponse, outcome: Outcome): number;
  /** Stops timers and listeners. Called at the end of every request, also of a failed one. */
  release(): void;
}
