/**
 * Calls that wait for a person, on a running gateway: asked for by a policy and by what the tool says of itself; the
 * caller is kept waiting, and its call goes on by itself when somebody says yes over the control API.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { request } from 'undici';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { openGateway, type TestGateway } from './gateway.ts';

const POLICIES = `
@id("small") permit (principal, action, resource) unless { resource.name == "refund" };
@id("refunds") permit (principal, action, resource == Tool::"bank/refund");
@id("large-refunds") @require_approval("group:finance-leads, 1 of 3, 30m")
permit (principal, action, resource == Tool::"bank/refund") when { context.args.amount > 1000 };
`;

let upstream: Upstream;
let gateway: TestGateway;
const sent: string[] = [];
beforeAll(async () => {
  const wipe = tool('wipe', {});
  upstream = await openUpstream({
    tools: [tool('refund', { amount: { type: 'integer' } }), { ...wipe, annotations: { destructiveHint: true } }],
    respond({ method, params }) {
      if (method !== 'tools/call') return undefined;
      sent.push(JSON.stringify(params['arguments']));
      return textResult('done');
    },
  });
  gateway = await openGateway({
    servers: { bank: { url: upstream.url } },
    policies: POLICIES,
    settings: { control: { clients: ['console'] } },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const WAIT = { timeout: 30_000, interval: 50 };

async function api(subject: string, claims: object, path: string, body?: object) {
  const token = await gateway.token('bob', { sub: subject, client_id: 'console', roles: [], ...claims });
  const { statusCode, body: answer } = await request(`${gateway.adminUrl}/api/v1/approvals${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: statusCode, document: (await answer.json()) as Record<string, unknown> };
}

async function call(name: string, args: Record<string, unknown>) {
  const client = new Client({ name: 'v1', version: '1.0.0' }, { capabilities: {} });
  const requestInit = { headers: { Authorization: `Bearer ${await gateway.token('alice')}` } };
  const transport = new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp/bank`), { requestInit });
  // The SDK's own types disagree with each other under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client['connect']>[0]);
  const pages: string[] = [];
  const onprogress = ({ message }: { readonly message?: string | undefined }): void => void pages.push(message ?? '');
  const result = client.callTool({ name, arguments: args }, undefined, { onprogress, timeout: 120_000 });
  return { result, pages, close: () => client.close() };
}

const idIn = (pages: readonly string[]): Promise<string> =>
  vi.waitFor(() => {
    const [, id] =
      /^Waiting for approval: http:\/\/127\.0\.0\.1:\d+\/approvals\/([0-9a-f]{32})$/.exec(pages[0] ?? '') ?? [];
    if (id === undefined) throw new Error('it does not wait yet');
    return id;
  }, WAIT);

it('what a policy asks for by its annotation, down to the argument', async () => {
  const small = await call('refund', { amount: 1000 });
  expect((await small.result).isError).not.toBe(true);
  const large = await call('refund', { amount: 1001 });
  const id = await idIn(large.pages);
  expect(sent).toEqual(['{"amount":1000}']);
  expect((await api('frank', { groups: ['sales'] }, `/${id}/approve`, {})).status).toBe(404);
  const shown = await api('erin', { groups: ['finance-leads'] }, `/${id}`);
  expect(shown.document).toMatchObject({ source: 'policy large-refunds', arguments: { amount: 1001 }, required: 1 });
  expect((await api('erin', { groups: ['finance-leads'] }, `/${id}/approve`, {})).status).toBe(200);
  expect((await large.result).isError).not.toBe(true);
  expect(sent).toEqual(['{"amount":1000}', '{"amount":1001}']);
  await Promise.all([small.close(), large.close()]);
});

it('what a tool says of itself: no rule, and an approver is asked; the caller reads why it was refused', async () => {
  const wipe = await call('wipe', {});
  const id = await idIn(wipe.pages);
  expect((await api('erin', { roles: ['approver'] }, `/${id}/deny`, { reason: 'Not today.' })).status).toBe(200);
  expect(await wipe.result).toMatchObject({
    isError: true,
    structuredContent: { error_code: 'APPROVAL_REFUSED', message: 'A person refused this call: Not today.' },
  });
  expect(sent).not.toContain('{}');
  const metrics = await (await request(`${gateway.adminUrl}/metrics`)).body.text();
  for (const line of [
    'mcp_approvals_total{result="approved"} 1',
    'mcp_approvals_total{result="refused"} 1',
    'mcp_approval_wait_seconds_count 2',
    'mcp_approvals_pending 0',
  ])
    expect(metrics).toContain(line);
  await wipe.close();
});
