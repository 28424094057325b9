/**
 * The way back to the caller while its call executes: what edge offers and upstream uses, without knowing each other.
 */
import type { Era, JsonObject, McpResult } from './call.ts';
import type { Permit } from './permit.ts';

export interface ClientChannel {
  readonly era: Era;
  /** What the client declared (sealed into the session for legacy, in `_meta` for modern); `{}` when unknown. */
  readonly capabilities: JsonObject;
  /** Minimum severity the client asked for (modern `_meta` log level); legacy clients set it with `logging/setLevel`. */
  readonly logLevel: string | undefined;
  /** The client's own progress token, put back into every progress notification of this call. */
  readonly progressToken: string | number | undefined;
  /** Sends a notification that belongs to this call. Never throws; what cannot be delivered is dropped. */
  notify(method: string, params: JsonObject): void;
  /**
   * Legacy clients only: sends a request to the client on this call's stream and waits for its answer. `undefined`
   * for modern clients, which are asked by returning `input_required`. Rejects with a GuardError. `withdrawn` is aborted
   * when the server wants no answer any more.
   */
  readonly request: ((method: string, params: JsonObject, withdrawn?: AbortSignal) => Promise<JsonObject>) | undefined;
}

/** Everything behind the guard, as the edge sees it: wired in `main.ts`. */
export type SendUpstream = (permit: Permit, relay: ClientChannel) => Promise<McpResult>;

/** Puts one server-to-client request through the guard; `deliver` is called with a permit when it may go to the client. */
export type GuardClientRequest = (
  method: string,
  params: JsonObject,
  deliver: () => Promise<JsonObject>,
) => Promise<JsonObject>;

/** A notification from a server that belongs to no call: list changes, resource updates, log messages. */
export interface ServerNotification {
  readonly server: string;
  readonly method: string;
  readonly params: JsonObject;
}
