import type { Era, JsonObject } from '@sallyport/guard';
import type { RequestId } from '../../mcp/json-rpc.ts';
import type { Route } from '../names/route.ts';

/** A JSON-RPC response as bytes, and how HTTP carries it. */
export interface RenderedResponse {
  /** HTTP status; stdio does not use it. */
  readonly status: number;
  readonly bytes: Buffer;
  /** HTTP headers besides those of every response. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What rendering needs to know of the request that is answered. */
export interface AnsweredRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  readonly era: Era;
  readonly route: Route;
  /** The server that the request named. */
  readonly server?: string | undefined;
  /** What modern results say of their sender. */
  readonly serverInfo?: JsonObject | undefined;
  /** Capabilities of the client, which decide whether it can be shown where a person approves. */
  readonly capabilities?: JsonObject | undefined;
  readonly protocolVersion?: string | undefined;
}
