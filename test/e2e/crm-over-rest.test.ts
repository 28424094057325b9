/** The example crm-over-rest: an internal REST API as tools, behind the same guard and pins as servers of MCP. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startCrm, type Crm } from '../../examples/crm-over-rest/crm-server.ts';
import { connect, type RawClient } from '../attacks/mcp-client.ts';
import { openGateway, type TestGateway } from './gateway.ts';

const EXAMPLE = 'examples/crm-over-rest';
const KEY = 'k-3f9d17c2a8e04b65';
const document = readFileSync(join(EXAMPLE, 'crm.openapi.yaml'), 'utf8');
type Result = { isError?: boolean; structuredContent?: Record<string, unknown>; content: { text: string }[] };

let crm: Crm;
let gateway: TestGateway;
let admin: RawClient;
let analyst: RawClient;
beforeAll(async () => {
  crm = await startCrm(KEY);
  const { servers } = parse(readFileSync(join(EXAMPLE, 'sallyport.yaml'), 'utf8')) as {
    servers: Record<'crm', Record<string, unknown>>;
  };
  gateway = await openGateway({
    servers: { crm: { ...servers.crm, baseUrl: crm.url, openapi: 'crm.openapi.yaml', verify: '0s' } },
    files: { 'crm.openapi.yaml': document },
    environment: { CRM_API_KEY: KEY },
    policies: readFileSync(join(EXAMPLE, 'policies/crm.cedar'), 'utf8'),
  });
  admin = await connect(`${gateway.url}/mcp/crm`, await gateway.token('alice'), 'modern');
  analyst = await connect(`${gateway.url}/mcp`, await gateway.token('bob'), 'legacy');
});
afterAll(async () => {
  await gateway?.close();
  await crm?.close();
});

let lastId = 0;
const call = async (client: RawClient, name: string, input: Record<string, unknown>): Promise<Result> => {
  const { result } = await client.call({ id: ++lastId, name, arguments: input }).done;
  return result as unknown as Result;
};
const listed = async (client: RawClient): Promise<Record<string, unknown>[]> =>
  ((await client.send('tools/list', {})).result as { tools: Record<string, unknown>[] }).tools;

describe('REST becomes MCP', () => {
  it('lists only the operations that the operator chose, and of those what a caller may use', async () => {
    expect((await listed(admin)).map(({ name }) => name).sort()).toEqual([
      'delete_customer',
      'get_customer',
      'search_customers',
      'update_customer',
    ]);
    expect((await listed(analyst)).map(({ name }) => name).sort()).toEqual([
      'crm__get_customer',
      'crm__search_customers',
    ]);
    const [tool] = (await listed(admin)).filter(({ name }) => name === 'search_customers');
    expect(tool).toMatchObject({
      description: 'Find customers by a part of their name. Twenty at most in one answer.',
      annotations: { readOnlyHint: true },
      inputSchema: { required: ['name'], properties: { filter_plan: { type: 'array' } } },
    });
  });

  it('calls an operation, and answers with structure and text', async () => {
    const result = await call(analyst, 'crm__get_customer', { customer_id: 'CUST-00042', include_history: true });
    const structured = { id: 'CUST-00042', name: 'Customer 42', plan: 'free', history: [{ id: 'ORD-1', total: 12.5 }] };
    expect(result).toMatchObject({ structuredContent: structured });
    expect(JSON.parse(result.content[0]?.text ?? '')).toEqual(structured);
    expect(crm.requests.at(-1)).toMatchObject({
      method: 'GET',
      target: '/api/customers/CUST-00042?include_history=true',
    });
  });

  it('A11 A23 sends the operator’s credential and nothing else of the caller', async () => {
    await call(admin, 'get_customer', { customer_id: 'CUST-00001' });
    const { headers } = crm.requests.at(-1) ?? { headers: {} };
    expect(headers).toEqual({
      host: new URL(crm.url).host,
      connection: 'keep-alive',
      accept: 'application/json, */*;q=0.1',
      'accept-encoding': 'identity',
      'x-api-key': KEY,
    });
  });

  it('pages, and says with which argument the next one is asked for', async () => {
    const { content, structuredContent } = await call(admin, 'search_customers', {
      name: 'customer',
      filter_plan: ['free', 'pro'],
    });
    expect((structuredContent?.['items'] as unknown[]).length).toBe(20);
    expect(content[1]?.text).toBe('There are more results: call again with name = "customer", page = "2".');
    expect(crm.requests.at(-1)?.target).toBe('/api/customers?name=customer&filter%5Bplan%5D=free&filter%5Bplan%5D=pro');
    const last = await call(admin, 'search_customers', { name: 'customer', page: 3 });
    expect([(last.structuredContent?.['items'] as unknown[]).length, last.content.length]).toEqual([10, 1]);
  });

  it('A23 refuses arguments that nobody described before anything is sent', async () => {
    const before = crm.requests.length;
    for (const input of [
      { customer_id: '../admin' },
      { customer_id: 'CUST-00001', admin: true },
      { customer_id: ['CUST-00001'] },
      {},
    ])
      expect(await call(admin, 'get_customer', input)).toMatchObject({
        structuredContent: { error_code: 'INVALID_ARGUMENT' },
      });
    for (const input of [{ id: 'CUST-00002', name: 'x' }, { history: [], name: 'x' }, { plan: 'free' }])
      expect(await call(admin, 'update_customer', { customer_id: 'CUST-00001', ...input })).toMatchObject({
        structuredContent: { error_code: 'INVALID_ARGUMENT' },
      });
    expect(crm.requests.length).toBe(before);
  });

  it('changes something with a body of the arguments that are its members', async () => {
    const result = await call(admin, 'update_customer', { customer_id: 'CUST-00003', name: 'Neu & Söhne', note: 'x' });
    expect(result.structuredContent).toEqual({ id: 'CUST-00003', name: 'Neu & Söhne', plan: 'free' });
    const { body, headers } = crm.requests.at(-1) ?? { body: '', headers: {} };
    expect([JSON.parse(body), headers['content-type']]).toEqual([
      { name: 'Neu & Söhne', note: 'x' },
      'application/json',
    ]);
    expect(await call(admin, 'delete_customer', { customer_id: 'CUST-00050' })).toMatchObject({
      structuredContent: { error_code: 'APPROVAL_REQUIRED' },
    });
  });

  it('R6 answers an error with a code and what the interface said of it', async () => {
    expect(await call(admin, 'get_customer', { customer_id: 'CUST-99999' })).toMatchObject({
      isError: true,
      structuredContent: {
        error_code: 'NOT_FOUND',
        message: 'The interface has no such thing (HTTP status 404): Not found; There is no customer CUST-99999.',
      },
    });
    expect(await call(admin, 'update_customer', { customer_id: 'CUST-00001', name: 'taken' })).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'INVALID_ARGUMENT', message: expect.stringContaining('name: is taken') },
    });
  });

  it('A13 refuses a tool that the policy does not permit, as one that is not there', async () => {
    const before = crm.requests.length;
    const input = { customer_id: 'CUST-00001' };
    const { error } = await analyst.call({ id: ++lastId, name: 'crm__delete_customer', arguments: input }).done;
    expect([error?.data?.['error_code'], crm.requests.length]).toEqual(['NOT_FOUND', before]);
  });

  it('A3 withholds a tool whose requests go elsewhere after the document changed, and serves it again', async () => {
    const file = join(gateway.folder, 'crm.openapi.yaml');
    writeFileSync(file, document.replace('  /customers:\n', '  /people:\n'));
    await gateway.reload();
    expect((await listed(admin)).length).toBe(3);
    expect(await call(admin, 'search_customers', { name: 'x' })).toMatchObject({
      structuredContent: { error_code: 'QUARANTINED' },
    });
    writeFileSync(file, document.replace('name: X-Api-Key', 'name: X-Other'));
    await gateway.reload();
    expect(await listed(admin)).toEqual([]);
    writeFileSync(file, document);
    await gateway.reload();
    expect((await listed(admin)).length).toBe(4);
    expect(await call(admin, 'search_customers', { name: 'x' })).not.toHaveProperty('isError');
  });
});
