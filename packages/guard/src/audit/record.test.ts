/**
 * How a call ends, in the record and for the edge: no failure reads as a success, and no executed call as one that was
 * not (A34, invariant 2).
 */
import { describe, expect, it } from 'vitest';
import type { Call, Definition, JsonObject, Principal, Target } from '../call.ts';
import { GuardError } from '../errors.ts';
import { closeTrail, openTrail, type Trail } from './record.ts';
import { createRecorder, logRecord, unknownOutcome } from './recorder.ts';
import { createRedactor } from './redact.ts';
import type { Digest, PrincipalKey } from '../identifiers.ts';

const recorder = createRecorder({
  arguments: (tenant) => ({ hashed_for: tenant }),
  text: (tenant, value) => `hashed for ${tenant}: ${value.length}`,
});
const principal: Principal = {
  user: { issuer: 'https://i', subject: 'alice', roles: [], groups: [], claims: { secret: 'canary' } },
  agent: { clientId: 'agent', actors: ['broker', 'bot'] },
  scopes: [],
  tenantClaim: 'acme',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'p' as PrincipalKey,
};
const definition: Definition = {
  server: 'crm',
  kind: 'tool',
  name: 'find',
  digest: 'sha256:00' as Digest,
  labels: ['internal'],
  document: {},
};
const call: Call = {
  method: 'tools/call',
  target: { kind: 'tool', server: 'crm', name: 'find' },
  params: { arguments: { a: 'canary' }, _meta: { x: 'canary' } },
  rawArguments: undefined,
  credentials: { kind: 'bearer', token: 'canary' },
  session: undefined,
  deadlineMs: 0,
  signal: new AbortController().signal,
  origin: {
    transport: 'http',
    era: 'modern',
    protocolVersion: '2026-07-28',
    address: '192.0.2.7',
    correlationId: 'c-1',
    traceparent: undefined,
    clientInfo: { name: 'canary' },
  },
};
const error = new GuardError('upstream_failed', { cause: new Error('canary') });
const result = { value: { content: [], note: 'canary' } };

const trailOf = (more: Partial<Trail> = {}, changed: Partial<Call> = {}): Trail =>
  Object.assign(openTrail({ ...call, ...changed }, 1_000), { principal, tenant: { id: 'acme' }, definition, ...more });
const fieldsOf = (record: JsonObject): JsonObject => record['unmapped'] as JsonObject;
const outcome = (more?: Partial<Trail>, changed?: Partial<Call>): JsonObject =>
  recorder.outcome(trailOf(more, changed), 1_250);

describe('how a call ended', () => {
  it.each<[name: string, trail: Partial<Trail>, status: string, id: number]>([
    ['executed, with a result', { executed: true, result }, 'success', 1],
    ['executed, with an error', { executed: true, error }, 'error', 2],
    ['executed, with a result that was then withheld', { executed: true, result, error }, 'error', 2],
    ['not executed', { error }, 'refused', 2],
  ])('%s is %s, in the record and for the edge', (_name, trail, status, id) => {
    const record = outcome(trail);
    expect([record['status_id'], fieldsOf(record)['status']]).toEqual([id, status]);
    const closed = closeTrail(trailOf(trail), 1_250);
    expect(closed).toMatchObject({
      status,
      executed: trail.executed ?? false,
      durationMs: 250,
      correlationId: 'c-1',
      method: 'tools/call',
    });
    expect('result' in closed).toBe(status === 'success');
  });

  it('a trail without result or error cannot be closed', () =>
    expect(() => closeTrail(trailOf({ executed: true }), 1_250)).toThrow(/result or an error/));

  it('an intent without an outcome is recorded as unknown, not as success', () => {
    const intent = recorder.intent(trailOf());
    expect(unknownOutcome(intent, 9_000)).toEqual({
      ...intent,
      status_id: 0,
      time: 9_000,
      unmapped: { ...fieldsOf(intent), phase: 'outcome', status: 'unknown' },
    });
    expect(intent['status_id']).toBeUndefined();
  });

  it('an event of the log itself has a record of its own', () => {
    const [one, other] = [
      logRecord('audit.recovery', { truncated_bytes: 6, status: 'x' }, 5),
      logRecord('audit.recovery', {}, 5),
    ];
    expect(one).toMatchObject({
      time: 5,
      api: { operation: 'audit.recovery' },
      unmapped: { truncated_bytes: 6, status: 'success', phase: 'outcome' },
    });
    expect(fieldsOf(one)['record_id']).not.toBe(fieldsOf(other)['record_id']);
  });
});

describe('what a resource call read', () => {
  const template: Definition = { ...definition, kind: 'resource_template', name: 'file:///{path}' };
  const read: Partial<Call> = {
    method: 'resources/read',
    target: { kind: 'resource', server: 'crm', name: 'file:///etc/canary' },
    params: { uri: 'file:///etc/canary' },
  };

  it('the record of a template has the URI as well, hashed unless it is listed as clear', () => {
    const recorderOf = (clear: readonly string[]) =>
      createRecorder(createRedactor({ keyOf: () => Buffer.alloc(32, 1), clear: () => clear }));
    const recorded = (uri: string, clear: readonly string[] = []): JsonObject =>
      fieldsOf(recorderOf(clear).intent(trailOf({ definition: template }, { ...read, params: { uri } })))[
        'arguments'
      ] as JsonObject;
    expect(recorded('file:///etc/canary')).toEqual({
      uri: expect.objectContaining({ hash: expect.stringMatching(/^hmac:/), type: 'string' }) as unknown,
    });
    expect(recorded('file:///etc/canary')).not.toEqual(recorded('file:///etc/canarz'));
    expect(recorded('file:///etc/canary', ['crm/*/uri'])).toEqual({ uri: 'file:///etc/canary' });
    expect(fieldsOf(outcome({ definition: template, executed: true, result }, read))['arguments']).toBeUndefined();
  });
});

describe('the principal, the tenant and the decision', () => {
  it('intent and outcome of a call share one id, which no other call has', () => {
    const trail = trailOf();
    const [intent, after] = [
      fieldsOf(recorder.intent(trail)),
      fieldsOf(recorder.outcome({ ...trail, executed: true, result }, 1_250)),
    ];
    expect(intent['record_id']).toBe(trail.recordId);
    expect(after['record_id']).toBe(trail.recordId);
    expect(fieldsOf(outcome())['record_id']).not.toBe(trail.recordId);
  });

  it('A35 a record has the chain of actors, the decision, the approval and the pin', () => {
    const record = recorder.intent(
      trailOf({
        grant: { policies: ['p1'], revision: 'r', cacheable: true },
        approval: { id: 'a1', approvers: [{ issuer: 'i', subject: 'bob' }] },
      }),
    );
    expect(record).toMatchObject({
      actor: { app_uid: 'agent', user: { domain: 'https://i', uid: 'alice' } },
      src_endpoint: { ip: '192.0.2.7' },
      metadata: { correlation_uid: 'c-1' },
      time: 1_000,
      class_uid: 6003,
    });
    expect(fieldsOf(record)).toMatchObject({
      actors: ['broker', 'bot'],
      approval_id: 'a1',
      approvers: [{ issuer: 'i', subject: 'bob' }],
      client_id: 'agent',
      decision: { policies: ['p1'], revision: 'r' },
      definition_digest: 'sha256:00',
      labels: ['internal'],
      tenant_id: 'acme',
      user: { issuer: 'https://i', subject: 'alice' },
      server: 'crm',
      tool_name: 'find',
      arguments: { hashed_for: 'acme' },
      protocol_version: '2026-07-28',
    });
  });

  it('a call without a principal is recorded for the tenant _, and its texts are hashed under that key', () => {
    const record = outcome({
      principal: undefined,
      tenant: undefined,
      definition: undefined,
      error: new GuardError('unauthenticated'),
    });
    expect(record['actor']).toEqual({ user: { name: 'unauthenticated' } });
    expect(fieldsOf(record)).toMatchObject({
      tenant_id: '_',
      tool_name: 'hashed for _: 4',
      arguments: { hashed_for: '_' },
      error_code: 'UNAUTHENTICATED',
    });
    expect(fieldsOf(record)).not.toHaveProperty('user');
  });

  it.each<[target: Target, server: string | undefined]>([
    [{ kind: 'servers', servers: ['crm'] }, 'crm'],
    [{ kind: 'servers', servers: ['crm', 'mail'] }, '*'],
    [{ kind: 'servers', servers: [] }, '*'],
    [{ kind: 'gateway' }, undefined],
    [{ kind: 'unknown', name: 'x' }, undefined],
    [{ kind: 'task', server: 'mail', name: 't' }, 'mail'],
  ])('%j is about the server %s', (target, server) =>
    expect(fieldsOf(outcome({ definition: undefined, error }, { target }))['server']).toBe(server),
  );

  it('A27 a record holds no content of the call: no token, claims, client, arguments, cause or result', () => {
    for (const record of [
      recorder.intent(trailOf()),
      outcome({ executed: true, result }),
      outcome({ executed: true, error }),
      outcome({ error }),
    ])
      expect(JSON.stringify(record)).not.toContain('canary');
  });
});

describe('the OCSF activity of a tool', () => {
  it.each<[hints: JsonObject | undefined, activity: number]>([
    [{ readOnlyHint: true }, 2],
    [{ readOnlyHint: false }, 99],
    [{ readOnlyHint: 'true' }, 99],
    [{ readOnlyHint: 1 }, 99],
    [{}, 99],
    [undefined, 99],
  ])('%j is activity %i', (annotations, activity) => {
    const record = outcome({
      executed: true,
      result,
      definition: { ...definition, document: annotations === undefined ? {} : { annotations } },
    });
    expect([record['activity_id'], record['type_uid']]).toEqual([activity, 600300 + activity]);
  });

  it('a result is hashed as the bytes that were passed on, and a list is counted', () => {
    expect(
      fieldsOf(outcome({ executed: true, result: { value: { a: 1 }, bytes: Buffer.from('{"a": 1.0}') } })),
    ).toMatchObject({ result_bytes: 10, result_tokens: 3 });
    expect(fieldsOf(outcome({ executed: true, result: { value: {}, items: [definition, definition] } }))).toMatchObject(
      { result_items: 2 },
    );
  });

  it('a call without an address names its transport, and a trace is reduced to its id', () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const record = outcome({ error }, { origin: { ...call.origin, address: '', transport: 'stdio', traceparent } });
    expect([record['src_endpoint'], fieldsOf(record)['trace_id']]).toEqual([{ name: 'stdio' }, 'a'.repeat(32)]);
  });
});
