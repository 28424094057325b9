import type { IncomingHttpHeaders } from 'node:http';
import type { Credentials } from '@sallyport/guard';
import type { EdgeSnapshot } from '../deps.ts';
import type { Sender } from '../eras/sender.ts';
import type { Route } from '../names/route.ts';

/** Everything that is known about one JSON-RPC message besides its text, from its arrival to its end. */
export interface InboundMessage {
  /** The settings that serve this message to its end. */
  readonly snapshot: EdgeSnapshot;
  readonly route: Route;
  readonly sender: Sender;
  readonly credentials: Credentials;
  readonly transport: 'http' | 'stdio';
  /** IP address of the peer; empty on stdio. */
  readonly address: string;
  readonly correlationId: string;
  /** `undefined` on stdio. */
  readonly headers: IncomingHttpHeaders | undefined;
  /** The bytes of `params.arguments` as they were received. */
  readonly rawArguments: Uint8Array | undefined;
  /** Aborted when the caller cancels or disconnects. */
  readonly signal: AbortSignal;
  /** `performance.now()` at the arrival. */
  readonly startedAtMs: number;
}
