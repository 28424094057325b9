/** The bounds of a server that was given none. */
import { createMemoryAuditLog, createMemoryKeys } from '@sallyport/guard/memory';
import { mintApiKey } from '@sallyport/guard/stages';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { secureServer, tool, type SecureServerOptions, type Tool } from './index.ts';
import { callAs, expectRefused } from './testing/index.ts';

const keys = createMemoryKeys();
const audit = createMemoryAuditLog();
const input = { type: 'object', properties: { id: { type: 'integer' } } };
const named = (name: string, more: object = {}): Tool =>
  tool({ name, description: name, input, effect: 'read', permission: 'everyone', run: async () => 'done', ...more });
const options: SecureServerOptions = {
  name: 'crm',
  version: '1.0.0',
  auth: { keys },
  tenants: ['acme'],
  audit,
  hashingKey: Buffer.alloc(32, 7),
  tools: [named('get'), named('admin', { permission: 'admin' })],
};

function tokenOf(subject: string): string {
  const { text, key } = mintApiKey({
    tenant: 'acme',
    subject,
    name: subject,
    roles: [],
    scopes: [],
    tier: undefined,
    createdAtMs: Date.now(),
    expiresAtMs: undefined,
  });
  void keys.put(key);
  return text;
}

type Guard = ReturnType<typeof secureServer>['guard'];
type Call = Parameters<Guard['run']>[0];

const callOf = (token: string, name: string, args: object = {}): Call => ({
  method: 'tools/call',
  target: { kind: 'tool', server: 'crm', name },
  params: { name, arguments: args } as Call['params'],
  rawArguments: undefined,
  credentials: { kind: 'bearer', token },
  session: undefined,
  deadlineMs: Date.now() + 60_000,
  signal: new AbortController().signal,
  origin: {
    transport: 'embedded',
    era: 'modern',
    protocolVersion: '2026-07-28',
    address: '',
    correlationId: 'id',
    traceparent: undefined,
    clientInfo: undefined,
  },
});

/** The code of a refusal, or `undefined`. */
async function refusalOf(guard: Guard, call: Call, text = 'done'): Promise<string | undefined> {
  const outcome = await guard.run(call, async () => ({ value: { content: [{ type: 'text', text }] } }));
  return outcome.status === 'success' ? undefined : outcome.error.code;
}

describe('a server that was given no bounds', () => {
  const MIB = 1024 * 1024;
  const envelopeBytes = JSON.stringify({ content: [{ type: 'text', text: '' }] }).length;

  it('B5 answers with at most one mebibyte', async () => {
    const { guard } = secureServer(options);
    const call = callOf(tokenOf('large'), 'get');
    expect(await refusalOf(guard, call, 'x'.repeat(MIB - envelopeBytes))).toBeUndefined();
    expect(await refusalOf(guard, call, 'x'.repeat(MIB - envelopeBytes + 1))).toBe('output_blocked');
  });

  it('B8 lets a user call a tool a hundred times a minute', async () => {
    const { guard } = secureServer(options);
    const call = callOf(tokenOf('busy'), 'get');
    const refusals: (string | undefined)[] = [];
    for (let n = 0; n < 102; n++) refusals.push(await refusalOf(guard, call));
    expect(refusals.indexOf('rate_limited')).toBe(100);
  });

  it('B8 refuses everything of a user for a while after 120 refusals', async () => {
    const { guard } = secureServer(options);
    const token = tokenOf('curious');
    const refusals: (string | undefined)[] = [];
    for (let n = 0; n < 130; n++) refusals.push(await refusalOf(guard, callOf(token, 'admin')));
    expect(new Set(refusals.slice(0, 120))).toEqual(new Set(['not_found']));
    expect(refusals.at(-1)).toBe('rate_limited');
  });

  it('J9 refuses arguments that a tool does not declare', async () => {
    const { guard } = secureServer(options);
    expect(await refusalOf(guard, callOf(tokenOf('eve'), 'get', { id: 1, extra: 1 }))).toBe('invalid_input');
  });

  it('A27 records no argument in clear', async () => {
    const { guard } = secureServer(options);
    await refusalOf(guard, callOf(tokenOf('ann'), 'get', { id: 424_242 }));
    expect(JSON.stringify(audit.records('acme'))).not.toContain('424242');
  });
});

describe('a server is not made', () => {
  it.each<[why: string, more: Partial<SecureServerOptions>]>([
    ['two tools have the same name', { tools: [named('get'), named('get')] }],
    ['32 bytes', { hashingKey: Buffer.alloc(31) }],
    ['"default" tier', { limits: { gold: [] } }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: 2 ** 31 }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
  ])('%s', (why, more) => {
    expect(() => secureServer({ ...options, ...more })).toThrow(why);
  });

  it.each<[why: string, more: object]>([
    ['a tool name has', { name: 'a b' }],
    ['a tool name has', { name: 'x'.repeat(129) }],
    ['permission must be', { permission: undefined }],
    ['effect must be', { effect: 'reads' }],
    ["type: 'object'", { input: { properties: {} } }],
    ['cannot be used', { input: { type: 'object', properties: { id: { $ref: 'https://elsewhere.test/' } } } }],
  ])('of a tool: %s', (why, more) => {
    expect(() => named('get', more)).toThrow(why);
  });

  it('a tool cannot be changed after it was checked', () => {
    const checked = named('get');
    expect(() => {
      (checked as { permission: unknown }).permission = 'everyone';
    }).toThrow(TypeError);
  });
});

describe('a tool that does not end', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('A29 is given up after a minute, and its signal is aborted', async () => {
    let signal: AbortSignal | undefined;
    const hanging = named('hangs', {
      run: (call: { readonly signal: AbortSignal }) => {
        ({ signal } = call);
        return new Promise(() => undefined);
      },
    });
    const caller = callAs(secureServer({ ...options, tools: [hanging] }), { subject: 'bob', tenant: 'acme' });
    const refused = expectRefused(caller.callTool('hangs'), 'TIMEOUT');
    await vi.advanceTimersByTimeAsync(60_000);
    await refused;
    expect(signal?.aborted).toBe(true);
  });
});
