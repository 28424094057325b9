/** The GET stream of a legacy session: what the server says on its own. Opened again when it breaks, until the link ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readServerMessages, type ServerMessage } from '../../../mcp/server-message.ts';
import { dispatchHttp } from './dispatch.ts';
import { answerServer, headersOf, withdraw, type LegacyState } from './legacy-session.ts';

const RETRY_MS = 1_000;
const RETRY_MAX_MS = 30_000;

export function keepGetStream(state: LegacyState): void {
  void listen(state).catch(() => undefined);
}

async function listen(state: LegacyState): Promise<void> {
  const { signal } = state.ended;
  let eventId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    let heard = false;
    const exchange = dispatchHttp({
      pool: state.endpoint.streams,
      method: 'GET',
      path: state.endpoint.path,
      body: undefined,
      maxBytes: state.maxBytes,
      headers: {
        ...headersOf(state, 'text/event-stream'),
        ...(eventId === undefined ? {} : { 'last-event-id': eventId }),
      },
      onHead: () => undefined,
      onEvent: (event) => {
        heard = true;
        eventId = event.id ?? eventId;
        if (event.data.length > 0) hear(state, event.data);
      },
    });
    signal.addEventListener('abort', exchange.abort, { once: true });
    const reply = await exchange.reply;
    signal.removeEventListener('abort', exchange.abort);
    if (!('fault' in reply) && reply.status === 404 && state.session !== undefined) {
      // 2025-11-25, session management: what was subscribed in this session is gone with it.
      state.dead = true;
      return state.ended.abort();
    }
    // A server may have no such stream (405); of what is no stream, only an overload passes by itself.
    if (!('fault' in reply) && !reply.streamed && reply.status < 500 && reply.status !== 429) return;
    failures = heard ? 0 : failures + 1;
    const wait = Math.max(reply.retryMs ?? RETRY_MS, 50) * 2 ** Math.min(failures, 5);
    await sleep(Math.min(wait, RETRY_MAX_MS), undefined, { signal, ref: false });
  }
}

/** Some servers report the progress of a request here (those on the Python SDK do): its token tells which it is. */
function notice(state: LegacyState, message: Extract<ServerMessage, { kind: 'notification' }>): void {
  const { running, unattached } = state;
  if (withdraw(state, message.method, message.params)) return;
  const reported =
    message.method === 'notifications/progress' ? running.get(message.params['progressToken']) : undefined;
  if (reported === undefined) unattached.notification(message.method, message.params);
  else reported.hear(message);
}

function hear(state: LegacyState, bytes: Buffer): void {
  for (const message of readServerMessages(bytes, state.maxBytes)) {
    if (message.kind === 'notification') notice(state, message);
    else if (message.kind === 'request')
      answerServer(state, message, { patience: undefined, onRequest: state.unattached.request });
    else
      state.log('warn', 'dropped what a server said', {
        server: state.server,
        why: message.kind === 'malformed' ? message.why : 'a response on the listening stream',
      });
  }
}
