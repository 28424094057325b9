import { describe, expect, it } from 'vitest';
import type { Call, McpResult, Principal, Tenant } from './call.ts';
import { GuardError, type ErrorCode } from './errors.ts';
import { createGuard, type Stages } from './guard.ts';
import { spendPermit, type Permit } from './permit.ts';
import { STAGE_NAMES, type StageName } from './ports.ts';
import type { PrincipalKey, TenantId } from './identifiers.ts';

const principal: Principal = {
  user: { issuer: 'https://issuer.test', subject: 'alice', roles: [], groups: [], claims: {} },
  agent: { clientId: 'agent', actors: [] },
  scopes: [],
  tenantClaim: 'acme',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'alice' as PrincipalKey,
};
const tenant: Tenant = { id: 'acme' as TenantId };

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

interface RecordedStages {
  readonly stages: Stages;
  readonly events: string[];
}

/** Stages that only note that they ran; a stage in `broken` throws what stands beside its name. */
function recordingStages(broken: Partial<Record<StageName, unknown>> = {}): RecordedStages {
  const events: string[] = [];
  const ran = <T>(stage: StageName, value: T): T => {
    events.push(stage);
    if (stage in broken) throw broken[stage];
    return value;
  };
  const stages: Stages = {
    authenticate: () => ran('authenticate', principal),
    tenant: () => ran('tenant', tenant),
    visible: () => ran('visible', undefined),
    validate: () => ran('validate', {}),
    authorize: () => ran('authorize', undefined),
    limit: () => ran('limit', undefined),
    approve: () => ran('approve', undefined),
    inspect: () => (result) => ran('inspect', result),
    chargeRefusal: () => void events.push('refused'),
    audit: { append: async (_tenant, record) => ran(record['phase'] === 'intent' ? 'intent' : 'outcome', undefined) },
    recorder: {
      intent: () => ({ phase: 'intent' }),
      outcome: (trail) => ({ phase: 'outcome', error: trail.error?.code ?? null }),
    },
    observer: { stage: () => {}, decided: () => {}, limited: () => {}, recorded: () => {} },
    clock: { now: () => 1_000 },
  };
  return { stages, events };
}

const answer: McpResult = { value: { content: [] } };
const BEFORE_EXECUTION: readonly StageName[] = [
  'authenticate',
  'tenant',
  'visible',
  'validate',
  'authorize',
  'limit',
  'approve',
  'intent',
];

async function runWith(recorded: RecordedStages, result: () => Promise<McpResult> = async () => answer) {
  let executions = 0;
  const outcome = await createGuard(recorded.stages).run(call(), async (permit) => {
    executions += 1;
    recorded.events.push('upstream');
    spendPermit(permit);
    return result();
  });
  return { outcome, executions };
}

describe('the guard', () => {
  it('runs the stages in the order of STAGE_NAMES', async () => {
    const recorded = recordingStages();
    const { outcome } = await runWith(recorded);
    expect(recorded.events).toEqual([...BEFORE_EXECUTION, 'upstream', 'inspect', 'outcome']);
    expect(outcome).toMatchObject({ status: 'success', executed: true, result: answer });
  });

  it.each(BEFORE_EXECUTION)(
    'A29 an unexpected error in %s is a refusal: nothing is executed, one outcome is recorded',
    async (stage) => {
      const recorded = recordingStages({ [stage]: new Error('the database is down') });
      const { outcome, executions } = await runWith(recorded);
      expect(executions).toBe(0);
      expect(outcome.status).toBe('refused');
      expect(recorded.events.filter((event) => event === 'outcome')).toHaveLength(1);
      if (outcome.status === 'success') throw new Error('unreachable');
      expect(outcome.error.code).toBe(stage === 'intent' ? 'audit_unavailable' : 'internal');
      expect(outcome.error.message).not.toContain('database');
    },
  );

  it.each(['not_found', 'invalid_input', 'not_permitted', 'rate_limited', 'approval_required'] satisfies ErrorCode[])(
    'a refusal with %s keeps its code and is charged to the caller',
    async (code) => {
      const recorded = recordingStages({ authorize: new GuardError(code) });
      const { outcome } = await runWith(recorded);
      expect(outcome).toMatchObject({ status: 'refused', error: { code } });
      expect(recorded.events).toContain('refused');
    },
  );

  it('the record of a refusal by policy has the decision: which policies, at which revision', async () => {
    const decision = { policies: ['no-deletes'], revision: 'r1', cacheable: true };
    const { stages } = recordingStages({ authorize: new GuardError('not_permitted', { decision }) });
    const seen: unknown[] = [];
    await createGuard({
      ...stages,
      recorder: {
        ...stages.recorder,
        outcome: ({ grant }) => {
          seen.push(grant);
          return {};
        },
      },
    }).run(call(), async () => answer);
    expect(seen).toEqual([decision]);
  });

  it('an intent that is not durable refuses the call as safe to retry (no record, no action)', async () => {
    const { outcome, executions } = await runWith(recordingStages({ intent: new Error('ENOSPC') }));
    expect(executions).toBe(0);
    expect(outcome).toMatchObject({
      status: 'refused',
      executed: false,
      error: { code: 'audit_unavailable', row: { retryable: true } },
    });
  });

  it('an outcome that cannot be recorded withholds the result of an executed call', async () => {
    const { outcome, executions } = await runWith(recordingStages({ outcome: new Error('EIO') }));
    expect(executions).toBe(1);
    expect(outcome).toMatchObject({
      status: 'error',
      executed: true,
      error: { code: 'result_withheld', row: { retryable: false } },
    });
    expect(outcome).not.toHaveProperty('result');
  });

  it('a result that the inspect stage blocks is not answered, and the outcome says so', async () => {
    const recorded = recordingStages({ inspect: new GuardError('output_blocked') });
    const { outcome } = await runWith(recorded);
    expect(outcome).toMatchObject({ status: 'error', executed: true, error: { code: 'output_blocked' } });
    expect(recorded.events.at(-1)).toBe('outcome');
  });

  it('an upstream that throws is an error with a record, not a rejection', async () => {
    const { outcome } = await runWith(recordingStages(), async () => {
      throw new GuardError('upstream_failed');
    });
    expect(outcome).toMatchObject({ status: 'error', executed: true, error: { code: 'upstream_failed' } });
  });

  it('a refusal stays a recorded refusal when charging for it throws', async () => {
    const { stages, events } = recordingStages({ authorize: new GuardError('not_permitted') });
    const chargeRefusal = (): void => {
      events.push('charge');
      throw new Error('the limiter is down');
    };
    const outcome = await createGuard({ ...stages, chargeRefusal }).run(call(), async () => answer);
    expect(outcome).toMatchObject({ status: 'refused', executed: false, error: { code: 'not_permitted' } });
    expect(events.slice(-2), 'charged once the outcome is recorded').toEqual(['outcome', 'charge']);
  });

  it('every step is timed under its name of STAGE_NAMES, in that order, so the metrics miss none', async () => {
    const { stages } = recordingStages();
    const timed: StageName[] = [];
    const observer = { ...stages.observer, stage: (stage: StageName) => void timed.push(stage) };
    await createGuard({ ...stages, observer }).run(call(), async () => answer);
    expect(timed).toEqual([...STAGE_NAMES]);
  });

  it('every stage of the pipeline has a name in STAGE_NAMES', () => {
    const { stages } = recordingStages();
    const functions = Object.entries(stages).flatMap(([name, stage]) => (typeof stage === 'function' ? [name] : []));
    const charged = functions.filter((name) => name !== 'chargeRefusal');
    expect([...STAGE_NAMES].filter((name) => !['intent', 'upstream', 'outcome'].includes(name))).toEqual(charged);
  });

  it('a permit works once', async () => {
    const outcome = await createGuard(recordingStages().stages).run(call(), async (permit: Permit) => {
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
      const recorded = recordingStages();
      const outcome = await createGuard(recorded.stages).run(call(method), async () => answer);
      expect(outcome).toMatchObject({ status: 'refused', error: { code: 'method_not_found' } });
      expect(recorded.events).toEqual(['outcome']);
    },
  );

  it('a notification of a cancellation leaves no record when it succeeds and one when it is refused', async () => {
    const quiet = recordingStages();
    await createGuard(quiet.stages).run(call('notifications/cancelled'), async () => answer);
    expect(quiet.events).not.toContain('outcome');
    const refused = recordingStages({ authenticate: new GuardError('unauthenticated') });
    await createGuard(refused.stages).run(call('notifications/cancelled'), async () => answer);
    expect(refused.events).toContain('outcome');
  });
});
