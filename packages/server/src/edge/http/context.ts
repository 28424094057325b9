/** What the handlers of the HTTP edge share: one request, and the state of the edge. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Credentials, FairShares, MaybePromise } from '@sallyport/guard';
import type { CallsUnderWay } from '../calls-under-way.ts';
import type { BytesUnderWay } from '../bytes-under-way.ts';
import type { EdgeSnapshot, HttpEdgeDeps } from '../deps.ts';
import type { Sender } from '../eras/sender.ts';
import type { StreamLimits } from '../exchange/connection.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import type { Route } from '../names/route.ts';
import type { LiveSessions } from '../sessions/live-sessions.ts';
import type { LargeMessages } from '../large-messages.ts';
import type { Turns } from '../turns.ts';
import type { SessionReader } from '../sessions/seal.ts';
import { EVENT_STREAM } from '../../mcp/headers.ts';
import { headerValues } from '../../listen/header-values.ts';

/** One HTTP request. */
export interface RequestContext {
  /** The settings that serve this request to its end. */
  readonly snapshot: EdgeSnapshot;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly correlationId: string;
  /** IP address of the peer. */
  readonly address: string;
  /** Headers of the response, whatever it is. */
  readonly headers: Record<string, string>;
  /** `performance.now()` at the arrival. */
  readonly startedAtMs: number;
}

/** What the composition gave to the edge, and what the edge keeps itself. */
export interface HttpEdgeContext extends HttpEdgeDeps {
  readonly live: LiveSessions;
  readonly readSession: SessionReader;
  readonly bytesUnderWay: BytesUnderWay;
  readonly calls: CallsUnderWay;
  /** Calls under way of each user and tenant. */
  readonly callShares: FairShares;
  readonly turns: Turns;
  readonly largeMessages: LargeMessages;
  readonly streamLimits: StreamLimits;
}

/** @param signal aborted when the client cancels or disconnects. */
export const inboundMessage = (
  { snapshot, request, route, address, correlationId, startedAtMs }: RequestContext,
  sender: Sender,
  credentials: Credentials,
  signal: AbortSignal,
  rawArguments: Uint8Array | undefined,
): InboundMessage => ({
  snapshot,
  route,
  sender,
  credentials,
  transport: 'http',
  address,
  correlationId,
  headers: request.headers,
  rawArguments,
  signal,
  startedAtMs,
});

/**
 * The credentials in the head of a request: their token is not verified yet.
 *
 * @throws GuardError `unauthenticated` for a proof of possession that is not for this request.
 */
export const credentialsOf = (
  { readCredentials }: HttpEdgeContext,
  { request, route, snapshot }: RequestContext,
): MaybePromise<Credentials> =>
  readCredentials({
    authorization: headerValues(request, 'authorization'),
    dpop: headerValues(request, 'dpop'),
    method: request.method ?? '',
    url: `${snapshot.gateway.publicUrl}${route.endpoint}`,
  });

/** Whether the client accepts a stream as the response; without `Accept` it takes anything. */
export const acceptsStream = ({ headers }: IncomingMessage): boolean =>
  /text\/event-stream|\*\/\*/.test(headers.accept ?? '*/*');

/** Whether the client gives a stream more weight than one document, or names it first (RFC 9110, section 12.5.1). */
export function prefersStream({ headers }: IncomingMessage): boolean {
  const ranges = (headers.accept ?? '').split(',').map((range) => range.trim().toLowerCase());
  const [stream, document] = [EVENT_STREAM, 'application/json'].map((type) => {
    const at = ranges.findIndex((range) => range === type || range.startsWith(`${type};`));
    return { at, weight: weightOf(ranges[at]) };
  });
  if (stream === undefined || stream.weight === 0) return false;
  if (document === undefined || document.weight !== stream.weight) return stream.weight > (document?.weight ?? 0);
  return stream.at < document.at;
}

/** @param range `undefined` for one that is not accepted. */
function weightOf(range: string | undefined): number {
  if (range === undefined) return 0;
  const [, weight] = /;\s?q=([01](?:\.\d{1,3})?)$/.exec(range) ?? [];
  return weight === undefined ? 1 : Number(weight);
}
