import { describe, expect, it } from 'vitest';
import type { Call, McpResult, Principal, Tenant } from './call.ts';
import { GuardError, type ErrorCode } from './errors.ts';
import { createGuard, type Stages } from './guard.ts';
import { spendPermit, type Permit } from './permit.ts';
import type { StageName } from './ports.ts';

const principal: Principal = {
  user: { issuer: 'https://issuer.test', subject: 'alice', roles: [], groups: [], claims: {} },
  agent: { clientId: 'agent', actors: [] },
  scopes: [],
  tenantClaim: 'acme',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'alice',
};
const tenant: Tenant = { id: 'acme' };

const call = (method = 'tools/call'): Call => ({
  method,
  target: { kind: 'tool', server: 'crm', name: 'get' },
  params: { name: 'get', arguments: {} },
  rawArguments: undefined,
  credentials: { kind: 'none' },
  session: undefined,
  deadlineMs: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  origin: {
    transport: 'embedded',
    era: 'modern',
    protocolVersion: '2026-07-28',
    address: '',
    correlationId: 'c-1',
    traceparent: undefined,
    clientInfo: undefined,
  },
});

interface Bench {
  readonly house: Stages;
  readonly events: string[];
}

/** A house whose stages only write down that they ran; `broken` throws what it is given at the named place. */
function houseThat(broken: Partial<Record<StageName, unknown>> = {}): Bench {
  const events: string[] = [];
  const ran = <T>(stage: StageName, value: T): T => {
    events.push(stage);
    if (stage in broken) throw broken[stage];
    return value;
  };
  const house: Stages = {
    authenticate: () => ran('authenticate', principal),
    tenant: () => ran('tenant', tenant),
    visible: () => ran('visible', undefined),
    validate: () => ran('validate', {}),
    authorize: () => ran('authorize', undefined),
    limit: () => ran('limit', undefined),
    approve: () => ran('approve', undefined),
    inspect: (result) => ran('inspect', result),
    chargeRefusal: () => void events.push('refused'),
    audit: { append: async (_tenant, record) => ran(record['phase'] === 'intent' ? 'intent' : 'outcome', undefined) },
    recorder: {
      intent: () => ({ phase: 'intent' }),
      outcome: (trail) => ({ phase: 'outcome', error: trail.error?.code ?? null }),
    },
    observer: { stage: () => {}, decided: () => {}, limited: () => {}, recorded: () => {} },
    clock: { now: () => 1_000 },
  };
  return { house, events };
}

const answer: McpResult = { value: { content: [] } };
const STAGES: readonly StageName[] = [
  'authenticate',
  'tenant',
  'visible',
  'validate',
  'authorize',
  'limit',
  'approve',
  'intent',
];

async function runWith(bench: Bench, result: () => Promise<McpResult> = async () => answer) {
  let executions = 0;
  const outcome = await createGuard(bench.house).run(call(), async (permit) => {
    executions += 1;
    bench.events.push('upstream');
    spendPermit(permit);
    return result();
  });
  return { outcome, executions };
}

describe('the guard', () => {
  it('runs the stages in the order of the house', async () => {
    const bench = houseThat();
    const { outcome } = await runWith(bench);
    expect(bench.events).toEqual([...STAGES, 'upstream', 'inspect', 'outcome']);
    expect(outcome).toMatchObject({ status: 'success', executed: true, result: answer });
  });

  it.each(STAGES)(
    'A29 an unexpected error in %s is a refusal: nothing is executed, one outcome is recorded',
    async (stage) => {
      const bench = houseThat({ [stage]: new Error('the database is down') });
      const { outcome, executions } = await runWith(bench);
      expect(executions).toBe(0);
      expect(outcome.status).toBe('refused');
      expect(bench.events.filter((event) => event === 'outcome')).toHaveLength(1);
      if (outcome.status === 'success') throw new Error('unreachable');
      expect(outcome.error.code).toBe(stage === 'intent' ? 'audit_unavailable' : 'internal');
      expect(outcome.error.message).not.toContain('database');
    },
  );

  it.each(['not_found', 'invalid_input', 'not_permitted', 'rate_limited', 'approval_required'] satisfies ErrorCode[])(
    'a refusal with %s keeps its code and costs the caller',
    async (code) => {
      const bench = houseThat({ authorize: new GuardError(code) });
      const { outcome } = await runWith(bench);
      expect(outcome).toMatchObject({ status: 'refused', error: { code } });
      expect(bench.events).toContain('refused');
    },
  );

  it('the record of a refusal by policy has the decision: which policies, at which revision', async () => {
    const decision = { policies: ['no-deletes'], revision: 'r1', cacheable: true };
    const { house } = houseThat({ authorize: new GuardError('not_permitted', { decision }) });
    const seen: unknown[] = [];
    await createGuard({
      ...house,
      recorder: {
        ...house.recorder,
        outcome: ({ grant }) => {
          seen.push(grant);
          return {};
        },
      },
    }).run(call(), async () => answer);
    expect(seen).toEqual([decision]);
  });

  it('no record, no action: an intent that is not durable refuses the call as safe to retry', async () => {
    const { outcome, executions } = await runWith(houseThat({ intent: new Error('ENOSPC') }));
    expect(executions).toBe(0);
    expect(outcome).toMatchObject({
      status: 'refused',
      executed: false,
      error: { code: 'audit_unavailable', row: { retryable: true } },
    });
  });

  it('an outcome that cannot be recorded withholds the result of an executed call', async () => {
    const { outcome, executions } = await runWith(houseThat({ outcome: new Error('EIO') }));
    expect(executions).toBe(1);
    expect(outcome).toMatchObject({
      status: 'error',
      executed: true,
      error: { code: 'result_withheld', row: { retryable: false } },
    });
    expect(outcome).not.toHaveProperty('result');
  });

  it('a result that the inspect stage blocks is not answered, and the outcome says so', async () => {
    const bench = houseThat({ inspect: new GuardError('output_blocked') });
    const { outcome } = await runWith(bench);
    expect(outcome).toMatchObject({ status: 'error', executed: true, error: { code: 'output_blocked' } });
    expect(bench.events.at(-1)).toBe('outcome');
  });

  it('an upstream that throws is an error with a record, not a rejection', async () => {
    const { outcome } = await runWith(houseThat(), async () => {
      throw new GuardError('upstream_failed');
    });
    expect(outcome).toMatchObject({ status: 'error', executed: true, error: { code: 'upstream_failed' } });
  });

  it('a permit works once', async () => {
    const outcome = await createGuard(houseThat().house).run(call(), async (permit: Permit) => {
      spendPermit(permit);
      spendPermit(permit);
      return answer;
    });
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'internal' } });
  });

  it('a permit cannot be forged', () => {
    expect(() => spendPermit(Object.freeze({}) as Permit)).toThrow(GuardError);
  });

  it.each(['tools/drop', 'initialize', 'constructor', '__proto__'])(
    'the method %s does not exist for a modern client',
    async (method) => {
      const bench = houseThat();
      const outcome = await createGuard(bench.house).run(call(method), async () => answer);
      expect(outcome).toMatchObject({ status: 'refused', error: { code: 'method_not_found' } });
      expect(bench.events).toEqual(['outcome']);
    },
  );

  it('plumbing leaves no record when it succeeds and one when it is refused', async () => {
    const quiet = houseThat();
    await createGuard(quiet.house).run(call('notifications/cancelled'), async () => answer);
    expect(quiet.events).not.toContain('outcome');
    const refused = houseThat({ authenticate: new GuardError('unauthenticated') });
    await createGuard(refused.house).run(call('notifications/cancelled'), async () => answer);
    expect(refused.events).toContain('outcome');
  });
});
