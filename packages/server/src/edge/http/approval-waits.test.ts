/**
 * How a caller waits for an approval, with the official SDK clients: each way for each era, and what ends the waiting.
 */
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FiledApproval, Principal } from '@sallyport/guard';
import { principalOf } from '../testing/callers.mts';
import { send } from '../testing/client.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

const APPROVALS = [{ server: 'crm', tool: 'erase' }];
let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge({ approvals: APPROVALS, waitMs: 60_000 });
});
afterAll(() => edge.close());

const requestInit = { headers: { Authorization: 'Bearer alice' } };
const bob: Principal = { ...(principalOf('bob') as Principal), agent: { clientId: 'dashboard', actors: [] } };
const page = (id: string): string => `https://ops.example.test/approvals/${id}`;

/** The request of a call, as soon as it waits. */
const requestOf = (id: number, { approvals } = edge): Promise<FiledApproval> =>
  vi.waitFor(async () => {
    const filed = (await approvals.list({ status: 'pending' })).find((one) => one.arguments['id'] === id);
    if (filed === undefined) throw new Error('it does not wait yet');
    return filed;
  });

const decide = async (id: number, verdict: 'approve' | 'deny', reason?: string, on = edge): Promise<void> => {
  const filed = await requestOf(id, on);
  await on.approvals.decide('acme', filed.id, { by: bob, verdict, reason, channel: 'test' });
};

const sentTimes = (id: number, { sent } = edge): number =>
  sent.filter(({ call }) => (call.params['arguments'] as { id?: number } | undefined)?.id === id).length;

type Elicitation = { readonly url?: object; readonly form?: Record<string, never> };

const connectLegacy = async (elicitation: Elicitation | undefined, { url } = edge): Promise<LegacyClient> => {
  const capabilities = elicitation === undefined ? {} : { elicitation };
  const client = new LegacyClient({ name: 'v1', version: '1.0.0' }, { capabilities });
  // The SDK's own types disagree with each other under exactOptionalPropertyTypes.
  const transport = new LegacyTransport(new URL(`${url}/mcp/crm`), { requestInit });
  await client.connect(transport as Parameters<LegacyClient['connect']>[0]);
  return client;
};

const erase = (id: number) => ({ name: 'erase', arguments: { id } });

describe('SDK v1 with progress', () => {
  const waiting = async (id: number, signal?: AbortSignal, on = edge) => {
    const client = await connectLegacy(undefined, on);
    const messages: string[] = [];
    const onprogress = ({ message = '' }: { readonly message?: string | undefined }): void =>
      void messages.push(message);
    const result = client.callTool(erase(id), undefined, { onprogress, ...(signal !== undefined && { signal }) });
    return { client, messages, result };
  };

  it('is kept waiting, sees the page, and its call goes on by itself', async () => {
    const { client, messages, result } = await waiting(1);
    const { id } = await requestOf(1);
    await vi.waitFor(() => expect(messages).toEqual([`Waiting for approval: ${page(id)}`]));
    expect(sentTimes(1)).toBe(0);
    await decide(1, 'approve');
    expect(JSON.stringify(await result)).toContain('erase');
    expect(sentTimes(1)).toBe(1);
    await client.close();
  });

  it('is refused with the reason', async () => {
    const { client, result } = await waiting(2);
    await decide(2, 'deny', 'Wrong customer.');
    expect(await result).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'APPROVAL_REFUSED', message: 'A person refused this call: Wrong customer.' },
    });
    await client.close();
  });

  it('U4 of two equal calls that wait, one goes on', async () => {
    const [first, second] = [await waiting(3), await waiting(3)];
    await requestOf(3);
    await vi.waitFor(() => expect(first.messages.length + second.messages.length).toBe(2));
    await decide(3, 'approve');
    const results = await Promise.all([first.result, second.result]);
    expect(results.map(({ isError }) => isError === true).sort()).toEqual([false, true]);
    expect(sentTimes(3)).toBe(1);
    await Promise.all([first.client.close(), second.client.close()]);
  });

  it.each([
    ['cancels', 4],
    ['goes away', 5],
  ] as const)('U16 a call whose client %s does not go on; its approval is there for the next', async (how, id) => {
    const abort = new AbortController();
    const { client, result, messages } = await waiting(id, abort.signal);
    result.catch(() => undefined);
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    if (how === 'cancels') abort.abort();
    else await client.close();
    await vi.waitFor(() => expect(edge.held()).toBe(0));
    await decide(id, 'approve');
    expect(sentTimes(id)).toBe(0);
    const again = await connectLegacy(undefined);
    expect((await again.callTool(erase(id))).isError).not.toBe(true);
    expect(sentTimes(id)).toBe(1);
    await again.close();
  });

  it('L9 when the gateway stops, it is told where its call waits, and the grace is not used up', async () => {
    const other = await openTestEdge({ approvals: APPROVALS, waitMs: 60_000 });
    const { result, messages } = await waiting(6, undefined, other);
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    const closing = other.httpEdge.close(60_000);
    expect(await result).toMatchObject({ structuredContent: { error_code: 'APPROVAL_REQUIRED' } });
    await closing;
    await other.close();
  });

  it('after the limit, it is told where its call waits', async () => {
    const other = await openTestEdge({ approvals: APPROVALS, waitMs: 50 });
    const { client, result } = await waiting(7, undefined, other);
    const { id } = await requestOf(7, other);
    expect(await result).toMatchObject({ structuredContent: { approval_id: id, approval_url: page(id) } });
    await client.close();
    await other.close();
  });

  it('B7 who has no place among those that wait is told at once', async () => {
    const other = await openTestEdge({ approvals: APPROVALS, waitMs: 60_000, waitingMax: 0 });
    const { client, result } = await waiting(8, undefined, other);
    expect(await result).toMatchObject({ structuredContent: { error_code: 'APPROVAL_REQUIRED' } });
    await client.close();
    await other.close();
  });

  it.each([
    ['S12 the right', { denied: true }, 'NOT_FOUND'],
    ['U2 the policies', { revision: '2' }, 'APPROVAL_REQUIRED'],
  ] as const)('%s that changed meanwhile ends the waiting', async (_name, change, code) => {
    const state = { denied: false, revision: '1' };
    const other = await openTestEdge({
      approvals: APPROVALS,
      waitMs: 60_000,
      deny: () => state.denied,
      revision: () => state.revision,
    });
    const { client, result, messages } = await waiting(9, undefined, other);
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    Object.assign(state, change);
    const answer = await result.then(
      ({ structuredContent }) => (structuredContent as { error_code: string }).error_code,
      (error: { data?: { error_code?: string } }) => error.data?.error_code,
    );
    expect(answer).toBe(code);
    expect(sentTimes(9, other)).toBe(0);
    await client.close();
    await other.close();
  });
});

describe('SDK v1 without progress', () => {
  it('that opens addresses gets the error of 2025-11-25 with the page', async () => {
    const client = await connectLegacy({ url: {} });
    const error: unknown = await client.callTool(erase(20)).catch((thrown: unknown) => thrown);
    const { id } = await requestOf(20);
    expect(error).toBeInstanceOf(UrlElicitationRequiredError);
    expect((error as UrlElicitationRequiredError).elicitations).toMatchObject([
      { mode: 'url', elicitationId: id, url: page(id) },
    ]);
    await decide(20, 'approve');
    expect((await client.callTool(erase(20))).isError).not.toBe(true);
    await client.close();
  });

  it.each([undefined, {}, { form: {} }])('of any other kind (%j) is told where its call waits', async (elicitation) => {
    const client = await connectLegacy(elicitation);
    const result = await client.callTool(erase(21));
    const { id } = await requestOf(21);
    expect(result).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'APPROVAL_REQUIRED', approval_id: id, approval_url: page(id) },
    });
    expect(JSON.stringify(result.content)).toContain(page(id));
    await client.close();
  });
});

describe('SDK v2 (2026-07-28)', () => {
  const connect = async (
    elicitation: { url?: {}; form?: {} } | undefined,
    answer: (url: string) => Promise<'accept' | 'decline'>,
  ) => {
    const client = new ModernClient(
      { name: 'v2', version: '1.0.0' },
      { capabilities: elicitation === undefined ? {} : { elicitation }, versionNegotiation: { mode: 'auto' } },
    );
    const shown: string[] = [];
    if (elicitation !== undefined)
      client.setRequestHandler('elicitation/create', async ({ params }) => {
        const url = 'url' in params ? String(params.url) : '';
        shown.push(url);
        return { action: await answer(url) };
      });
    await client.connect(new ModernTransport(new URL(`${edge.url}/mcp/crm`), { requestInit }));
    return { client, shown };
  };

  it('that opens addresses is shown the page, waits, and its call goes on by itself', async () => {
    const { client, shown } = await connect({ url: {} }, async () => 'accept');
    const result = client.callTool(erase(30));
    const { id } = await requestOf(30);
    await vi.waitFor(() => expect(edge.held()).toBe(1));
    expect(shown).toEqual([page(id)]);
    await decide(30, 'approve');
    expect(JSON.stringify(await result)).toContain('erase');
    expect(sentTimes(30)).toBe(1);
    expect(edge.sent.at(-1)?.call.params).toEqual({ ...erase(30), _meta: {} });
    await client.close();
  });

  it('U17 its answer approves nothing: accepting only waits, and the refusal has its reason', async () => {
    const { client } = await connect({ url: {} }, async () => 'accept');
    const result = client.callTool(erase(31));
    await vi.waitFor(() => expect(edge.held()).toBe(1));
    expect(sentTimes(31)).toBe(0);
    await decide(31, 'deny', 'No.');
    expect(await result).toMatchObject({ isError: true, structuredContent: { error_code: 'APPROVAL_REFUSED' } });
    expect(sentTimes(31)).toBe(0);
    await client.close();
  });

  it('that declines, or opens no addresses, is told where its call waits', async () => {
    for (const elicitation of [{ url: {} }, { form: {} }, undefined]) {
      const { client } = await connect(elicitation, async () => 'decline');
      const result = await client.callTool(erase(32));
      const { id } = await requestOf(32);
      expect(result).toMatchObject({ isError: true, structuredContent: { approval_url: page(id) } });
      await client.close();
    }
  });

  it('U3 U17 a requestState or an answer that was made up approves nothing', async () => {
    const forge = (state: string, action: string) =>
      send({
        url: edge.url,
        token: 'alice',
        era: 'modern',
        method: 'tools/call',
        params: {
          name: 'erase',
          arguments: { id: 33 },
          requestState: `sallyport-approval.${state}`,
          inputResponses: { approval: { action, content: { approved: true } } },
        },
      });
    const text = '{"requestState":"x","__proto__":{"a":1},"name":"echo"}';
    for (const state of ['', '!!!', Buffer.from(text).toString('base64url'), Buffer.from('null').toString('base64url')])
      expect((await forge(state, 'decline')).result).toMatchObject({ isError: true });
    const accepted = forge('', 'accept');
    await vi.waitFor(() => expect(edge.held()).toBe(1));
    await decide(33, 'deny');
    expect((await accepted).result).toMatchObject({ structuredContent: { error_code: 'APPROVAL_REFUSED' } });
    expect(sentTimes(33)).toBe(0);
  });
});
