import { describe, expect, it } from 'vitest';
import { GuardError } from '../errors.ts';
import type { Call, Definition, JsonObject, Principal } from '../call.ts';
import { canonicalize } from '../json/index.ts';
import { openTrail, type Trail } from './record.ts';
import { createRecorder } from './recorder.ts';
import { createRedactor } from './redact.ts';
import type { PrincipalKey } from '../identifiers.ts';

const recorder = createRecorder(createRedactor({ keyOf: () => KEY, clear: () => ['crm/find/city'] }));
const KEY = Buffer.alloc(32, 1);
const user = { issuer: 'https://id.example', subject: 'alice', roles: [], groups: [], claims: {} };
const principal: Principal = {
  user,
  agent: { clientId: 'agent', actors: ['https://id.example|bot'] },
  scopes: [],
  tenantClaim: 'acme',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'p' as PrincipalKey,
};
const definition = {
  server: 'crm',
  kind: 'tool',
  name: 'find',
  digest: 'sha256:00',
  labels: ['untrusted'],
  document: {
    name: 'find',
    annotations: { readOnlyHint: true },
    inputSchema: { type: 'object', properties: { city: {}, name: {} } },
  },
} as unknown as Definition;
const call = {
  method: 'tools/call',
  target: { kind: 'tool', server: 'crm', name: 'find' },
  params: { name: 'find', arguments: { name: 'Secret Name', city: 'Ulm', zz: 1, '!odd': 2 } },
  session: { id: 'sealed-session-id', issuer: 'i', subject: 's', tenant: 'acme' },
  origin: {
    transport: 'http',
    era: 'legacy',
    protocolVersion: '2025-11-25',
    address: '192.0.2.7',
    correlationId: 'c-1',
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    clientInfo: undefined,
  },
} as unknown as Call;

function trailOf(more: Partial<Trail>): Trail {
  return Object.assign(openTrail(call, 1_000), {
    principal,
    tenant: { id: 'acme' },
    definition,
    grant: { policies: ['p0'], revision: 'r1' },
    ...more,
  });
}

const RECORDS: readonly (readonly [name: string, record: () => JsonObject])[] = [
  [
    'an intent',
    () => recorder.intent(trailOf({ approval: { id: 'a1', approvers: [{ issuer: 'i', subject: 'bob' }] } })),
  ],
  ['a success', () => recorder.outcome(trailOf({ executed: true, result: { value: { content: [] } } }), 1_250)],
  [
    'a list',
    () =>
      recorder.outcome(
        trailOf({ executed: true, definition: undefined, result: { value: {}, items: [definition] } }),
        1_250,
      ),
  ],
  ['a failure', () => recorder.outcome(trailOf({ executed: true, error: new GuardError('upstream_failed') }), 1_250)],
  ['a refusal', () => recorder.outcome(trailOf({ error: new GuardError('not_permitted') }), 1_001)],
  [
    'a call of nobody',
    () =>
      recorder.outcome(
        trailOf({
          principal: undefined,
          tenant: undefined,
          definition: undefined,
          grant: undefined,
          error: new GuardError('unauthenticated'),
        }),
        1_001,
      ),
  ],
];

describe.each(RECORDS)('the record of %s', (_name, make) => {
  it('is canonical as it is built, so that writing it costs one pass', () => {
    const record = make();
    const sorted = { ...record, unmapped: { ...(record['unmapped'] as JsonObject), arguments: {} } };
    const asBuilt = {
      ...record,
      unmapped: 'arguments' in (record['unmapped'] as JsonObject) ? sorted.unmapped : record['unmapped'],
    };
    expect(JSON.stringify(asBuilt)).toBe(canonicalize(asBuilt as JsonObject));
  });

  it('holds neither the session id nor an argument that is not listed as clear', () => {
    const text = canonicalize(make());
    for (const secret of ['sealed-session-id', 'Secret Name', '!odd', '"zz"']) expect(text).not.toContain(secret);
  });
});

describe('what a record holds', () => {
  const fields = (record: JsonObject): JsonObject => record['unmapped'] as JsonObject;

  it('an intent has the listed arguments in clear, others hashed, undeclared ones hashed with their names', () => {
    const said = fields(recorder.intent(trailOf({})))['arguments'] as Record<string, JsonObject | string>;
    expect(Object.keys(said).sort()).toEqual(['*', 'city', 'name']);
    expect(said['city']).toBe('Ulm');
    expect(said['name']).toEqual({ bytes: 13, hash: expect.stringMatching(/^hmac:[0-9a-f]{32}$/), type: 'string' });
  });

  it('the outcome of an executed call has no arguments; a refusal has them, because it has no intent', () => {
    expect(
      fields(recorder.outcome(trailOf({ executed: true, result: { value: {} } }), 1_250))['arguments'],
    ).toBeUndefined();
    expect(
      fields(recorder.outcome(trailOf({ error: new GuardError('rate_limited') }), 1_250))['arguments'],
    ).toBeDefined();
  });

  it('an outcome has the status, the duration and the digest of the result', () => {
    expect(fields(recorder.outcome(trailOf({ executed: true, result: { value: { a: 1 } } }), 1_250))).toMatchObject({
      phase: 'outcome',
      status: 'success',
      duration_ms: 250,
      result_bytes: 7,
      result_tokens: 2,
      tool_name: 'find',
      trace_id: 'a'.repeat(32),
      result_digest: 'sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862',
    });
    expect(
      fields(recorder.outcome(trailOf({ executed: true, error: new GuardError('upstream_failed') }), 1_250)),
    ).toMatchObject({ status: 'error', error_code: 'UPSTREAM_FAILED' });
  });

  it('a name that was not found is text of the caller, so it is hashed', () => {
    const record = recorder.outcome(trailOf({ definition: undefined, error: new GuardError('not_found') }), 1_001);
    expect(fields(record)['tool_name']).toMatch(/^hmac:/);
  });
});
