import type { Era, JsonObject, Session } from '@sallyport/guard';

/** What one request says of its sender. Self-reported, except the session, which was sealed here. */
export interface Caller {
  readonly era: Era;
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly clientInfo: JsonObject | undefined;
  readonly logLevel: string | undefined;
  readonly session: Session | undefined;
}
