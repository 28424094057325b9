/** Calls of one caller after the other, through every stage of the guard. */
import { createMemoryAuditLog } from '@sallyport/guard/memory';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { prompt, resource, resourceTemplate, secureServer, tool, ToolError, toolContents } from './index.ts';
import { callAs, decideAs, expectRefused, RefusedCall } from './testing/index.ts';

const audit = createMemoryAuditLog();
const errors: unknown[] = [];
const base = { description: 'Does one thing.', effect: 'read', permission: 'everyone' } as const;
const id = z.string().regex(/^CUST-\d{5}$/);
const none = z.object({});
let runs = 0;

const tools = [
  tool({
    ...base,
    name: 'get_customer',
    permission: 'customers:read',
    input: z.object({ id, history: z.boolean().default(false) }),
    output: z.object({ id, history: z.boolean(), tenant: z.string() }),
    run: ({ input, tenant }) => {
      runs += 1;
      return { ...input, tenant: tenant.id, secret: 'hunter2' };
    },
  }),
  tool({
    ...base,
    name: 'refund_order',
    effect: 'write',
    permission: {
      oneOf: ['refunds:small', 'refunds:large'],
      of: ({ amount }) => `refunds:${amount > 100 ? 'large' : 'small'}`,
    },
    input: z.object({ amount: z.number().default(500) }),
    run: ({ input }) => `refunded ${input.amount}`,
  }),
  tool({
    ...base,
    name: 'even_only',
    input: z.object({ n: z.number().refine((n) => n % 2 === 0, 'must be even') }),
    run: () => 'ok',
  }),
  tool({ ...base, name: 'count_slowly', limit: '2/min', input: none, run: () => 'ok' }),
  tool({
    ...base,
    name: 'wrong_result',
    input: none,
    output: z.object({ n: z.number() }),
    run: () => ({ n: 'x' }) as never,
  }),
  tool({
    ...base,
    name: 'fail_inside',
    input: none,
    run: () => {
      throw new Error('password=hunter2 at /srv/db.js:1');
    },
  }),
  tool({
    ...base,
    name: 'fail_for_model',
    input: none,
    run: () => {
      throw new ToolError('LOCKED', 'It is locked.', { suggestion: 'Wait.', retryAfter: 1.5 });
    },
  }),
  tool({
    ...base,
    name: 'show_picture',
    input: none,
    run: () => toolContents([{ type: 'image', data: 'AA==', mimeType: 'image/png' }]),
  }),
  tool({
    ...base,
    name: 'delete_customer',
    effect: 'delete',
    approval: { by: 'role:lead', when: ({ id: given }) => given !== 'CUST-00000' },
    input: z.object({ id }),
    run: () => 'deleted',
  }),
  tool({
    ...base,
    name: 'ask_first',
    input: none,
    run: async ({ ask, progress, sample }) => {
      progress(1, 2, 'asking');
      const { sure } = await ask('Sure?', z.object({ sure: z.boolean() }));
      const { model } = await sample({ messages: [], maxTokens: 1 });
      return `${String(sure)} ${String(model)}`;
    },
  }),
];
const crm = secureServer({
  name: 'crm',
  tools,
  resources: [
    resource({
      uri: 'crm://terms',
      name: 'terms',
      description: 'Terms.',
      permission: 'everyone',
      read: () => 'Be kind.',
    }),
    resource({
      uri: 'ui://crm/card',
      name: 'card',
      description: 'A card.',
      permission: 'everyone',
      meta: { ui: { csp: { connectDomains: [] } } },
      read: () => '<p>card</p>',
    }),
    resourceTemplate({
      uri: 'crm://customers/{id}/notes',
      name: 'notes',
      description: 'Notes.',
      permission: 'customers:read',
      input: z.object({ id }),
      read: ({ input }) => ({ of: input.id }),
    }),
  ],
  prompts: [
    prompt({
      name: 'summarise_customer',
      description: 'Summarises one.',
      permission: 'customers:read',
      input: z.object({ id: id.describe('Which one.') }),
      run: ({ input }) => `Summarise ${input.id}.`,
    }),
  ],
  roles: { support: ['customers:read'], refunder: ['refunds:*'] },
  tenants: ['acme', 'globex'],
  audit,
  onError: (error) => void errors.push(error),
});
const support = callAs(crm, { subject: 'ann', roles: ['support'], tenant: 'acme' });
const stranger = callAs(crm, { subject: 'eve', tenant: 'acme' });

describe('a call', () => {
  it('gets defaults, and answers with what the output schema has and nothing else', async () => {
    expect(await support.callTool('get_customer', { id: 'CUST-12345' })).toEqual({
      content: [{ type: 'text', text: '{"id":"CUST-12345","history":false,"tenant":"acme"}' }],
      structuredContent: { id: 'CUST-12345', history: false, tenant: 'acme' },
    });
  });

  it('A13 of somebody without the permission: the tool is neither listed nor found', async () => {
    const before = runs;
    expect((await stranger.list('tools')).map(({ name }) => name)).not.toContain('get_customer');
    await expectRefused(stranger.callTool('get_customer', { id: 'CUST-12345' }), 'NOT_FOUND');
    await expectRefused(stranger.readResource('crm://customers/CUST-12345/notes'), 'NOT_FOUND');
    await expectRefused(stranger.getPrompt('summarise_customer', { id: 'CUST-12345' }), 'NOT_FOUND');
    expect(runs).toBe(before);
  });

  it('A scope of the credential is a permission', async () => {
    const agent = callAs(crm, { subject: 'bot', scopes: ['customers:read'], tenant: 'acme' });
    expect((await agent.callTool('get_customer', { id: 'CUST-12345' })).isError).toBeUndefined();
  });

  it('needs the permission that its input asks for, defaults included', async () => {
    const small = callAs(crm, { subject: 'bob', scopes: ['refunds:small'], tenant: 'acme' });
    expect((await small.list('tools')).map(({ name }) => name)).toContain('refund_order');
    expect(await small.callTool('refund_order', { amount: 5 })).toMatchObject({ content: [{ text: 'refunded 5' }] });
    await expectRefused(small.callTool('refund_order', {}), 'PERMISSION_DENIED');
    const all = callAs(crm, { subject: 'ben', roles: ['refunder'], tenant: 'acme' });
    expect((await all.callTool('refund_order', {})).isError).toBeUndefined();
  });

  it('J9 with arguments that are not declared, or that the library refuses, runs nothing', async () => {
    const before = runs;
    await expectRefused(support.callTool('get_customer', { id: 'CUST-12345', extra: 1 }), 'INVALID_ARGUMENT');
    await expectRefused(support.callTool('get_customer', { id: 'x' }), 'INVALID_ARGUMENT');
    await expect(stranger.callTool('even_only', { n: 3 })).rejects.toThrow(/must be even/);
    expect(runs).toBe(before);
  });

  it('O24 of a tenant that does not exist here is refused', async () => {
    await expectRefused(callAs(crm, { subject: 'ann', tenant: 'other' }).callTool('count_slowly'), 'UNKNOWN_TENANT');
  });

  it('beyond the limit of its tool is refused', async () => {
    const caller = callAs(crm, { subject: 'busy', tenant: 'acme' });
    await caller.callTool('count_slowly');
    await caller.callTool('count_slowly');
    await expectRefused(caller.callTool('count_slowly'), 'RATE_LIMITED');
  });

  it('J12 whose result does not match its schema, or that fails inside, tells a correlation id and nothing else', async () => {
    errors.length = 0;
    for (const name of ['wrong_result', 'fail_inside']) {
      const thrown = await stranger.callTool(name).catch((refused: unknown) => refused);
      expect(thrown).toBeInstanceOf(RefusedCall);
      expect((thrown as RefusedCall).message).toBe('INTERNAL: An internal error occurred.');
    }
  });

  it('that throws a ToolError tells the model what it says', async () => {
    expect(await stranger.callTool('fail_for_model')).toMatchObject({
      isError: true,
      content: [{ text: 'LOCKED: It is locked. Wait. Retry after 2 s.' }],
      structuredContent: { error_code: 'LOCKED', message: 'It is locked.', suggestion: 'Wait.', retry_after: 2 },
    });
  });

  it('can answer with content blocks', async () => {
    expect(await stranger.callTool('show_picture')).toEqual({
      content: [{ type: 'image', data: 'AA==', mimeType: 'image/png' }],
    });
  });

  it('waits for an approval where its tool asks for one, and uses it once', async () => {
    expect((await stranger.callTool('delete_customer', { id: 'CUST-00000' })).isError).toBeUndefined();
    const args = { id: 'CUST-11111' };
    await expectRefused(stranger.callTool('delete_customer', args), 'APPROVAL_REQUIRED');
    await expect(decideAs(crm, { subject: 'eve', tenant: 'acme', roles: ['lead'] }, 'approve')).rejects.toThrow();
    expect(await decideAs(crm, { subject: 'lea', tenant: 'acme', roles: ['lead'] }, 'approve')).toBe(1);
    expect((await stranger.callTool('delete_customer', args)).isError).toBeUndefined();
    await expectRefused(stranger.callTool('delete_customer', args), 'APPROVAL_REQUIRED');
  });

  it('asks the user and the model of the client', async () => {
    const seen: string[] = [];
    const caller = callAs(
      crm,
      { subject: 'ann', tenant: 'acme' },
      {
        answer: (method) =>
          method === 'elicitation/create' ? { action: 'accept', content: { sure: true } } : { model: 'm1' },
        notified: (method, params) => void seen.push(`${method} ${String(params['message'])}`),
      },
    );
    expect(await caller.callTool('ask_first')).toMatchObject({ content: [{ text: 'true m1' }] });
    expect(seen).toEqual(['notifications/progress asking']);
    const declining = callAs(crm, { subject: 'ann', tenant: 'acme' }, { answer: () => ({ action: 'decline' }) });
    await expectRefused(declining.callTool('ask_first'), 'DECLINED');
    const lying = callAs(
      crm,
      { subject: 'ann', tenant: 'acme' },
      { answer: () => ({ action: 'accept', content: { sure: 1 } }) },
    );
    await expectRefused(lying.callTool('ask_first'), 'INVALID_ANSWER');
    await expectRefused(stranger.callTool('ask_first'), 'CANNOT_ASK');
  });

  it('A34 and every question are recorded, with arguments hashed', () => {
    const records = audit.records('acme').map((record) => record['unmapped'] as Record<string, unknown>);
    expect(records.some(({ phase }) => phase === 'intent')).toBe(true);
    expect(records.map(({ method }) => method)).toContain('elicitation/create');
    expect(JSON.stringify(records)).toContain('hmac:');
    expect(JSON.stringify(records)).not.toContain('CUST-12345');
  });
});

describe('resources and prompts', () => {
  it('are read by URI, by template, and as an app', async () => {
    expect(await support.readResource('crm://terms')).toEqual({
      contents: [{ uri: 'crm://terms', mimeType: 'text/plain', text: 'Be kind.' }],
    });
    expect(await support.readResource('crm://customers/CUST-12345/notes')).toMatchObject({
      contents: [{ mimeType: 'application/json', text: '{"of":"CUST-12345"}' }],
    });
    expect(await support.readResource('ui://crm/card')).toMatchObject({
      contents: [{ mimeType: 'text/html;profile=mcp-app', _meta: { ui: { csp: { connectDomains: [] } } } }],
    });
  });

  it.each([
    'crm://customers/x/notes',
    'crm://customers/CUST-12345%2Fnotes/notes',
    'crm://customers//notes',
    'crm://other',
  ])('S7 %s is not found', (uri) => expectRefused(support.readResource(uri), 'NOT_FOUND'));

  it('a prompt is filled in', async () => {
    expect(await support.getPrompt('summarise_customer', { id: 'CUST-12345' })).toEqual({
      description: 'Summarises one.',
      messages: [{ role: 'user', content: { type: 'text', text: 'Summarise CUST-12345.' } }],
    });
    await expectRefused(support.getPrompt('summarise_customer', { id: 'x' }), 'INVALID_ARGUMENT');
    expect(await support.list('prompts')).toMatchObject([
      { arguments: [{ name: 'id', description: 'Which one.', required: true }] },
    ]);
  });
});

it('expectRefused fails for a call that was answered, and for another refusal', async () => {
  await expect(expectRefused(support.readResource('crm://terms'))).rejects.toThrow(/should have been refused/);
  await expect(expectRefused(stranger.readResource('crm://x'), 'RATE_LIMITED')).rejects.toThrow(/NOT_FOUND/);
});
