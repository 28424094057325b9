/** What the edge is set to. */
import type { JsonObject } from '@sallyport/guard';
import type { ListenSettings } from '../listen/settings.ts';

/** The listener for MCP clients, and the limits on their requests. */
export interface GatewaySettings {
  readonly listen: ListenSettings;
  /** Origin (scheme, host, port) under which clients reach the gateway, without a trailing slash. */
  readonly publicUrl: string;
  /** Exact Host header values that are accepted, besides the public URL's and the loopback names of the listener. */
  readonly allowedHosts: readonly string[];
  /** Exact Origin header values that are accepted; requests without Origin are not from a browser and are accepted. */
  readonly allowedOrigins: readonly string[];
  readonly bodyBytesMax: number;
  /** Bytes of messages that are held at once, of callers that are not known yet and of each tenant. */
  readonly strangerBytesMax: number;
  readonly tenantBytesMax: number;
  readonly depthMax: number;
  readonly keysMax: number;
  readonly streamsPerPrincipalMax: number;
  /** Calls of everybody that are worked on at once. */
  readonly callsMax: number;
  readonly requestTimeoutMs: number;
  readonly sessionLifetimeMs: number;
  /** Requests per minute and address before authentication. */
  readonly addressLimitPerMinute: number;
}

/** What is known of a server besides its definitions, for `initialize` and `server/discover`. */
export interface ServerProfile {
  readonly serverInfo: JsonObject;
  readonly capabilities: JsonObject;
  readonly instructions: string | undefined;
}
