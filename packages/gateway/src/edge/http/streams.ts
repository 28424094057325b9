/** GET and DELETE of the legacy revisions: the stream for what belongs to no call, resumption, and the end of a session. */
import { GuardError, holderOf, spendPermit, type Outcome, type Relay } from '@sallyport/guard';
import { errorEnd } from '../answer.ts';
import { callOf, runCall, type Arrival } from '../exchange.ts';
import { emit, findResumable, openStream, type Stream } from '../sessions/live.ts';
import { openSession } from '../sessions/seal.ts';
import { plain, type Door, type Visit } from './edge.ts';
import { readLegacy } from './legacy.ts';
import { arrivalOf, logFailure, withChallenge } from './post.ts';
import { createQuestions } from './questions.ts';
import { listenTo, openSse, writeBounded } from './reply.ts';
import { MODERN_VERSION } from '../eras/versions.ts';

const isModern = ({ request }: Visit): boolean => request.headers['mcp-protocol-version'] === MODERN_VERSION;

export async function handleGet(door: Door, visit: Visit): Promise<void> {
  if (isModern(visit) || !/text\/event-stream/.test(visit.request.headers.accept ?? '')) return plain(visit.response, 405, { ...visit.headers, Allow: 'POST' });
  const abort = new AbortController();
  const caller = await readLegacy(door, visit.request);
  const arrival = arrivalOf(door, visit, { caller, abort, rawArguments: undefined });
  const call = callOf(door, { method: 'stream/listen', params: {} }, arrival, true);
  const live = caller.session && door.live.of(caller.session.id);
  const last = visit.request.headers['last-event-id'];
  const resumed = typeof last === 'string' ? findResumable(live, last) : undefined;
  visit.response.once('close', () => abort.abort());
  const stop = (): void => abort.abort();
  door.closing.addEventListener('abort', stop, { once: true });
  const stream = live && (resumed !== undefined && !resumed.stream.done ? resumed.stream : openStream(live));
  const send = (message: object): void => (stream === undefined ? writeBounded(visit.response, `event: message\ndata: ${JSON.stringify(message)}\n\n`) : emit(stream, JSON.stringify(message)));
  const questions = createQuestions(live, { send });
  const relay: Relay = {
    era: 'legacy', capabilities: caller.capabilities, logLevel: undefined, progressToken: undefined,
    notify: (method, params) => send({ jsonrpc: '2.0', method, params }), ask: live && questions.ask,
  };
  let taken: string | undefined;
  const outcome = await door.guard.run(call, async (permit) => {
    taken = takePlace(door, holderOf(permit).principal.key);
    openSse(visit.response, visit.headers);
    if (resumed !== undefined) for (const event of resumed.stream.events) if (event.seq > resumed.after) writeBounded(visit.response, event.text);
    if (stream !== undefined) listenTo(stream, visit.response);
    if (resumed === undefined) return door.send(permit, relay);
    spendPermit(permit);
    // A resumed stream carries what its call still says; when that is all said it ends.
    if (!resumed.stream.done) await ended(resumed.stream, abort.signal);
    return { value: {} };
  });
  if (taken !== undefined) door.streams.set(taken, (door.streams.get(taken) ?? 1) - 1);
  door.closing.removeEventListener('abort', stop);
  questions.end();
  close(door, visit, outcome);
}

/** H9: a principal has so many streams and no more. */
function takePlace(door: Door, key: string): string {
  const open = door.streams.get(key) ?? 0;
  if (open >= door.settings().maxStreamsPerPrincipal) throw new GuardError('rate_limited', { message: 'There are too many open streams of this caller.', retryAfter: 10 });
  door.streams.set(key, open + 1);
  return key;
}

const ended = (stream: Stream, signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  const previous = stream.end;
  stream.end = () => { previous?.(); resolve(); };
  signal.addEventListener('abort', () => resolve(), { once: true });
});

function close(door: Door, visit: Visit, outcome: Outcome): void {
  logFailure(door, outcome);
  door.report({ method: 'other', endpoint: visit.route.endpoint, status: visit.response.headersSent ? 200 : 0, tenant: outcome.tenant?.id, ms: performance.now() - visit.startedAt });
  if (visit.response.headersSent || outcome.status === 'success') return void visit.response.end();
  answerError(door, visit, outcome.error);
}

function answerError(door: Door, visit: Visit, error: GuardError): void {
  const ended = withChallenge(door, visit, { ended: errorEnd(error, null, visit.correlationId), error });
  const headers = { ...visit.headers, ...ended.headers, ...error.detail.headers, 'Content-Type': 'application/json', 'Content-Length': ended.bytes.length };
  visit.response.writeHead(error.code === 'not_found' ? 404 : ended.status, headers).end(ended.bytes);
}

export async function handleDelete(door: Door, visit: Visit): Promise<void> {
  const id = visit.request.headers['mcp-session-id'];
  if (isModern(visit) || typeof id !== 'string') return plain(visit.response, 405, { ...visit.headers, Allow: 'POST' });
  const caller = await readLegacy(door, visit.request);
  const { expiresAt } = await openSession(door.sealer, door.sessions, id, door.clock.now());
  const arrival: Arrival = arrivalOf(door, visit, { caller, abort: new AbortController(), rawArguments: undefined });
  const call = callOf(door, { method: 'session/end', params: {} }, arrival, true);
  const relay: Relay = { era: 'legacy', capabilities: {}, logLevel: undefined, progressToken: undefined, notify: () => {}, ask: undefined };
  let ending: Promise<void> = Promise.resolve();
  const outcome = await runCall(door, { call, arrival, relay }, (_deps, permit) => {
    spendPermit(permit);
    ending = Promise.resolve(door.sessions.end(id, expiresAt));
    door.live.end(id);
    return { value: {} };
  });
  await ending;
  if (outcome.status === 'success') plain(visit.response, 200, visit.headers);
  else answerError(door, visit, outcome.error);
}
