/** Which client stream gets a request of a server that names no call. */
import type { JsonObject } from '@sallyport/guard';
import { expect, it } from 'vitest';
import type { ServerCall } from '../calls/server-call.ts';
import { createSessionState, type Owner } from '../sessions/session.ts';
import { serverSettings, stdioTransport } from '../testing/harness.mts';
import { createServerInitiated } from './server-initiated.ts';
import { createSubscribers } from './subscribers.ts';

const settings = {
  ...serverSettings('files', stdioTransport([])),
  clientRequests: { sampling: true, elicitation: true, roots: true },
};
const owner: Owner = { principal: 'ann', user: 'ann', tenant: 'acme', session: 's' } as unknown as Owner;

/** A client that says which of its streams a request came on. */
const streamThat = (answers: string): ServerCall =>
  ({
    permitted: { call: { credentials: { kind: 'bearer', token: 't' } } },
    settings,
    owner,
    channel: { era: 'legacy', capabilities: { roots: {}, sampling: {} }, request: async () => ({ from: answers }) },
    clientCapabilities: {},
    taskSeal: {},
  }) as unknown as ServerCall;

async function requestOf(method: string, streams: { call: boolean; standing: boolean }): Promise<JsonObject> {
  const subscribers = createSubscribers(() => true);
  if (streams.standing) subscribers.add({ call: streamThat('the standing stream'), filter: 'all' as never });
  const session = createSessionState();
  if (streams.call)
    session.activeCalls.push({ onNotification: () => {}, onRequest: async () => ({ from: 'the call' }) });
  const initiated = createServerInitiated(
    subscribers,
    (_permitted, _method, _params, deliver) => deliver(),
    settings,
    owner,
    session,
  );
  return initiated.request(method, {}, new AbortController().signal);
}

it.each([
  ['roots/list', { call: true, standing: true }, 'the standing stream'],
  ['roots/list', { call: true, standing: false }, 'the call'],
  ['roots/list', { call: false, standing: true }, 'the standing stream'],
  ['sampling/createMessage', { call: true, standing: true }, 'the call'],
  ['sampling/createMessage', { call: false, standing: true }, 'the standing stream'],
])('%s, with %o, goes to %s: no end of a call cancels a request for the roots', async (method, streams, from) => {
  expect(await requestOf(method, streams)).toEqual({ from });
});
