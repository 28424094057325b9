/** The example crm-over-rest as a server of one's own: the tools of the gateway, with the guard inside. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SecureServer } from '@sallyport/server';
import { callAs, decideAs, expectRefused } from '@sallyport/server/testing';
import { startCrm, type Crm } from '../../examples/crm-over-rest/crm-server.ts';
import { crmServer } from '../../examples/crm-over-rest/library.ts';

const KEY = 'k-3f9d17c2a8e04b65';
let crm: Crm;
let server: SecureServer;
beforeAll(async () => {
  crm = await startCrm(KEY);
  server = crmServer(crm.url, () => KEY);
});
afterAll(() => crm?.close());

const support = () => callAs(server, { subject: 'bob', roles: ['support'] });
const admin = () => callAs(server, { subject: 'alice', roles: ['admin'] });

describe('a server over REST', () => {
  it('shows each caller the operations that are listed and permitted', async () => {
    expect((await support().list('tools')).map(({ name }) => name)).toEqual(['get_customer', 'search_customers']);
    expect((await admin().list('tools')).length).toBe(4);
  });

  it('answers with structure, text and notes', async () => {
    const found = await support().callTool('get_customer', { customer_id: 'CUST-00042', include_history: true });
    const structured = { id: 'CUST-00042', name: 'Customer 42', plan: 'free', history: [{ id: 'ORD-1', total: 12.5 }] };
    expect(found).toMatchObject({ structuredContent: structured });
    const page = await support().callTool('search_customers', { name: 'customer' });
    expect(page['content']).toMatchObject([{}, { text: expect.stringContaining('page = "2"') }]);
    expect(crm.requests.at(-1)?.headers).toMatchObject({ 'x-api-key': KEY });
  });

  it('A23 R6 refuses what has no place, and says what the interface said of an error', async () => {
    const before = crm.requests.length;
    await expectRefused(support().callTool('get_customer', { customer_id: '../admin' }), 'INVALID_ARGUMENT');
    await expectRefused(
      admin().callTool('update_customer', { customer_id: 'CUST-00001', id: 'x' }),
      'INVALID_ARGUMENT',
    );
    expect(crm.requests.length).toBe(before);
    await expectRefused(support().callTool('get_customer', { customer_id: 'CUST-99999' }), 'NOT_FOUND');
    await expectRefused(support().callTool('update_customer', { customer_id: 'CUST-00001', name: 'x' }), 'NOT_FOUND');
    const taken = await admin().callTool('update_customer', { customer_id: 'CUST-00001', name: 'taken' });
    expect(taken).toMatchObject({ isError: true, structuredContent: { error_code: 'INVALID_ARGUMENT' } });
    expect(JSON.stringify(taken)).toContain('name: is taken');
  });

  it('deletes when a person has approved', async () => {
    const remove = () => admin().callTool('delete_customer', { customer_id: 'CUST-00050' });
    await expectRefused(remove(), 'APPROVAL_REQUIRED');
    await decideAs(server, { subject: 'lea', roles: ['approver', 'admin'] }, 'approve');
    expect((await remove())['isError']).toBeUndefined();
    await expectRefused(support().callTool('get_customer', { customer_id: 'CUST-00050' }), 'NOT_FOUND');
  });
});
