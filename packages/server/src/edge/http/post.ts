/** POST: one JSON-RPC message. */
import type { IncomingMessage } from 'node:http';
import { asGuardError, shareHolderOf, takeShare, type Credentials, type ShareHolder } from '@sallyport/guard';
import { parseStrict, type ParsedJson } from '@sallyport/guard/json';
import { HEADER } from '../../mcp/headers.ts';
import { readClientMessage, type ClientMessage } from '../../mcp/client-message.ts';
import type { Sender } from '../eras/sender.ts';
import { checkMcpHeaders, checkMirrors } from '../eras/mirrors.ts';
import { isModern, readModern } from '../eras/modern.ts';
import { acceptClientMessage } from '../exchange/accept-client-message.ts';
import { answerRequest } from '../exchange/answer-request.ts';
import type { PendingCall } from '../sessions/live-sessions.ts';
import { checkBodyHead, type ReceivedBody } from './body.ts';
import { createHttpConnection } from './connection.ts';
import { credentialsOf, inboundMessage, type HttpEdgeContext, type RequestContext } from './context.ts';
import type { BodyShare } from '../bytes-under-way.ts';
import { liveSessionOf, readLegacy } from './legacy.ts';
import { rejectRequest, reportRequest, respondEmpty, respondRefused } from './respond.ts';

/**
 * B3: the type, the length and the credential are judged by the head; only then the body is read.
 *
 * @throws GuardError for a message that cannot be read, or is no request and cannot become a call.
 */
export async function handlePost(
  edge: HttpEdgeContext,
  context: RequestContext,
  received: ReceivedBody,
  share: BodyShare,
): Promise<void> {
  const { bodyBytesMax, depthMax, keysMax } = context.snapshot.gateway;
  checkBodyHead(context.request, bodyBytesMax);
  // A session may have calls under way that wait for an answer of their client.
  if (context.request.headers[HEADER.sessionId] === undefined) edge.calls.checkOpen();
  const credentials = await credentialsOf(edge, context);
  const holder = shareHolderOf(await edge.guard.identify(credentials));
  share.belongTo(holder);
  const body = await received.read();
  edge.checkContentDigest(credentials, body);
  edge.largeMessages.seen(holder);
  const beginning = edge.largeMessages.wait(holder, body.length);
  if (beginning !== undefined) await beginning;
  const turn = edge.turns.wait(holder);
  if (turn !== undefined) await turn;
  const parsed = parseStrict(body, { bytesMax: bodyBytesMax, depthMax: depthMax, keysMax: keysMax });
  const message = readClientMessage(parsed);
  try {
    await handleMessage(edge, context, credentials, message, body, parsed, holder);
  } catch (thrown) {
    const error = asGuardError(thrown);
    if (message.kind !== 'request' || context.response.headersSent) throw error;
    rejectRequest(edge, context, error, message);
  }
}

async function handleMessage(
  edge: HttpEdgeContext,
  context: RequestContext,
  credentials: Credentials,
  message: ClientMessage,
  body: Buffer,
  parsed: ParsedJson,
  holder: ShareHolder,
): Promise<void> {
  checkMcpHeaders(context.request);
  const sender = await readSender(edge, context.request, message);
  const span = parsed.span('params', 'arguments');
  const pending: PendingCall = { abort: new AbortController(), principalKey: undefined };
  const rawArguments = span && body.subarray(...span);
  const inbound = inboundMessage(context, sender, credentials, pending.abort.signal, rawArguments);
  if (message.kind === 'request') {
    const release = takeCall(edge, message, holder);
    try {
      const end = edge.calls.begin(pending.abort);
      try {
        // A refusal above must leave no connection behind: it would write to the response later.
        const connection = createHttpConnection(edge, context, sender, liveSessionOf(edge, sender), pending);
        return await answerRequest(edge, inbound, message, connection);
      } finally {
        end();
      }
    } finally {
      release();
    }
  }
  const live = sender.session && edge.live.find(sender.session.id);
  const outcome = await acceptClientMessage(edge, inbound, message, live);
  if (outcome.status === 'success') respondEmpty(context.response, 202, context.headers);
  else respondRefused(context, outcome.error);
  reportRequest(edge, context, outcome.method, outcome.tenant?.id);
}

/** B7: counts a call that is under way. What listens has no end of its own: it is a stream, and counted as one. */
const takeCall = (
  { callShares }: HttpEdgeContext,
  { method }: ClientMessage & { kind: 'request' },
  holder: ShareHolder,
) => (method === 'subscriptions/listen' ? () => {} : takeShare(callShares, holder, 'calls … are under way'));

/** Who sends a message, read as its era says it. */
async function readSender(edge: HttpEdgeContext, request: IncomingMessage, message: ClientMessage): Promise<Sender> {
  if (message.kind === 'response') return readLegacy(edge, request);
  if (isModern(message, request.headers)) return readModern(message, request.headers);
  checkMirrors(message, request.headers, 'optional');
  return readLegacy(edge, request, message.kind === 'request' && message.method === 'initialize');
}
