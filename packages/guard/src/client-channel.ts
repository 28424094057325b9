/** What the edge gives to the upstreams, and the reverse, so that neither imports the other. */
import type { Era, JsonObject, McpResult } from './call.ts';
import type { Permit } from './permit.ts';

/**
 * The channel back to the caller while its call executes.
 *
 * @example
 * ```ts
 * const reportProgress = (channel: ClientChannel, progress: number): void => {
 *   if (channel.progressToken !== undefined)
 *     channel.notify('notifications/progress', { progressToken: channel.progressToken, progress });
 * };
 * ```
 */
export interface ClientChannel {
  readonly era: Era;
  /**
   * The capabilities that the client declared (legacy: sealed into the session; modern: in `_meta`); `{}` when unknown.
   */
  readonly capabilities: JsonObject;
  /**
   * Least severity that the client asked for (modern `_meta` log level); legacy clients set it with `logging/setLevel`.
   */
  readonly logLevel: string | undefined;
  /** The client's own progress token, put back into every progress notification of this call. */
  readonly progressToken: string | number | undefined;
  /** Sends a notification that belongs to this call. Never throws; what cannot be delivered is dropped. */
  notify(method: string, params: JsonObject): void;
  /**
   * Legacy clients only: sends a request to the client on this call's stream and waits for its answer. `undefined`
   * for modern clients, which get a result `input_required` instead. Rejects with a GuardError. `withdrawn` is aborted
   * when the server cancels its request.
   */
  readonly request: ((method: string, params: JsonObject, withdrawn?: AbortSignal) => Promise<JsonObject>) | undefined;
  /**
   * 2025-11-25: the server has ended its stream before the response and wants to be asked again. The client's own
   * stream ends as well, if it can be resumed.
   */
  readonly streamEnded?: () => void;
}

/**
 * Sends a permitted call to its upstream and resolves to the answer.
 *
 * @example
 * ```ts
 * const discard: SendUpstream = async (permit) => {
 *   spendPermit(permit);
 *   return { value: {} };
 * };
 * ```
 */
export type SendUpstream = (permit: Permit, client: ClientChannel) => Promise<McpResult>;

/**
 * A notification of a server that belongs to no call: list changes, resource updates, log messages.
 *
 * @example
 * ```ts
 * const isLog = ({ method }: ServerNotification): boolean => method === 'notifications/message';
 * ```
 */
export interface ServerNotification {
  readonly server: string;
  readonly method: string;
  readonly params: JsonObject;
}
