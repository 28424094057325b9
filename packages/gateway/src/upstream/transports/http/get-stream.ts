/** The GET stream of a session up to 2025-11-25: what the server sends on its own. Reopened until the session ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readServerMessages, type ServerMessage } from '@sallyport/server/mcp/server-message';
import { EVENT_STREAM, HEADER } from '@sallyport/server/mcp/headers';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import { sendHttp, type HttpFailure, type HttpResponse } from './exchange.ts';
import {
  answerServerRequest,
  headersOf,
  logDropped,
  markClosed,
  withdrawIfCancelled,
  type LegacySession,
} from './legacy-session.ts';
import type { ServerNotification } from './receiver.ts';

const RETRY_MS = 1_000;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 30_000;
const DOUBLINGS_MAX = 5;

/** Opens the stream, and opens it again when it breaks. Returns at once. */
export function keepGetStream(session: LegacySession): void {
  void keepOpen(session).catch(() => undefined);
}

async function keepOpen(session: LegacySession): Promise<void> {
  const { signal } = session.ended;
  let lastEventId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    let received = false;
    const outcome = await readStream(session, lastEventId, (eventId, data) => {
      received = true;
      lastEventId = eventId ?? lastEventId;
      const messages = data.length === 0 ? [] : readServerMessages(data, session.bytesMax);
      for (const message of messages) onMessage(session, message);
      return messages.length;
    });
    // 2025-11-25, session management: what was subscribed in this session is gone with it.
    if (isGone(session, outcome)) return markClosed(session);
    if (hasNoStream(outcome)) return;
    if ('fault' in outcome && outcome.fault === 'flooded') return logFlood(session);
    failures = received ? 0 : failures + 1;
    const waitMs = Math.max(outcome.retryMs ?? RETRY_MS, RETRY_MS_MIN) * 2 ** Math.min(failures, DOUBLINGS_MAX);
    await sleep(Math.min(waitMs, RETRY_MS_MAX), undefined, { signal, ref: false });
  }
}

const logFlood = ({ log, server }: LegacySession): void =>
  log('warn', 'the listening stream of a server was a flood, and is not opened again', { server });

/** One stream, until it ends or the session does. */
async function readStream(
  session: LegacySession,
  lastEventId: string | undefined,
  onEvent: (eventId: string | undefined, data: Buffer) => number,
): Promise<HttpResponse | HttpFailure> {
  const { signal } = session.ended;
  const exchange = sendHttp({
    pool: session.sockets.streams,
    method: 'GET',
    path: session.sockets.path,
    body: undefined,
    bytesMax: session.bytesMax,
    headers: {
      ...headersOf(session, EVENT_STREAM),
      ...(lastEventId === undefined ? {} : { [HEADER.lastEventId]: lastEventId }),
    },
    onEvent: ({ id, data }) => onEvent(id, data),
  });
  signal.addEventListener('abort', exchange.abort, { once: true });
  const outcome = await exchange.outcome;
  signal.removeEventListener('abort', exchange.abort);
  return outcome;
}

const isGone = (session: LegacySession, outcome: HttpResponse | HttpFailure): boolean =>
  !('fault' in outcome) && outcome.status === 404 && session.id !== undefined;

/** A server may have no such stream (405). Of the refusals only an overload passes by itself. */
const hasNoStream = (outcome: HttpResponse | HttpFailure): boolean =>
  !('fault' in outcome) && !outcome.isStream && outcome.status < 500 && outcome.status !== 429;

function onMessage(session: LegacySession, message: ServerMessage): void {
  if (message.kind === 'notification') return onNotification(session, message);
  if (message.kind === 'request') return answerServerRequest(session, message, session.serverInitiated.request);
  logDropped(session, message.kind === 'malformed' ? message.why : 'a response on the listening stream');
}

/** Some servers, those on the Python SDK for example, report the progress of a request here: its token names it. */
function onNotification(session: LegacySession, message: ServerNotification): void {
  if (withdrawIfCancelled(session, message)) return;
  const { method, params } = message;
  const receiver = method === NOTIFICATION.progress ? session.receivers.get(params['progressToken']) : undefined;
  if (receiver === undefined) session.serverInitiated.notification(method, params);
  else receiver.onNotification(message);
}
