import type { Era, JsonObject, Session } from '@sallyport/guard';

/** What a client says of itself: in `initialize` for a session, or in every request since 2026-07-28. */
export interface ClientProfile {
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly clientInfo: JsonObject | undefined;
}

/** What one message says of its sender. Self-reported, except for the session, which the gateway sealed itself. */
export interface Sender extends ClientProfile {
  readonly era: Era;
  /** The least severe log messages that the client wants; legacy clients set it with `logging/setLevel`. */
  readonly logLevel: string | undefined;
  readonly session: Session | undefined;
}
