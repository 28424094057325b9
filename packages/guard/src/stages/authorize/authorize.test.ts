/** Stage 5: exactly these arguments, by this action, or not at all (A13, A29, invariant 3). */
import { describe, expect, it } from 'vitest';
import type { Call, Definition, Grant } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { ValidatedCall, Identity } from '../../guard.ts';
import { methodRow, METHODS, type MethodRow } from '../../methods.ts';
import type { PolicyDecision, PolicyRequest } from '../../ports.ts';
import { silentObserver } from '../../memory/index.ts';
import { createAuthorize } from './index.ts';
import type { Digest } from '../../identifiers.ts';

const who = { principal: { key: 'p' }, tenant: { id: 'acme' } } as unknown as Identity;
const definition: Definition = {
  server: 'crm',
  kind: 'tool',
  name: 'get',
  document: {},
  digest: 'sha256:0' as Digest,
  labels: [],
};
const grant: Grant = { policies: ['p1', 'p2'], revision: 'r', cacheable: true };
const input = { id: 7 };
const call = {
  method: 'tools/call',
  params: { arguments: { id: 8 } },
  session: undefined,
  origin: {},
} as unknown as Call;

function openStage(decision: PolicyDecision | (() => never)) {
  const requests: PolicyRequest[] = [];
  const decisions: string[] = [];
  const stage = createAuthorize({
    tasks: { find: () => undefined },
    policy: () => ({
      revision: 'r',
      couldAllow: () => true,
      decide: (question) => {
        requests.push(question);
        return typeof decision === 'function' ? decision() : decision;
      },
    }),
    observer: { ...silentObserver, decided: (effect, engine) => void decisions.push(`${effect} ${engine}`) },
  });
  const run = (method = 'tools/call', judged: Partial<ValidatedCall> = {}): Grant | undefined =>
    stage(who, { row: methodRow(method) as MethodRow, definition, input, ...judged }, call);
  return { requests, decisions, run };
}

const allow: PolicyDecision = { effect: 'allow', grant };
const deny: PolicyDecision = { effect: 'deny', grant: { ...grant, policies: [] }, error: undefined };

describe('the policy', () => {
  it.each([
    ['tools/call', 'call'],
    ['prompts/get', 'get'],
    ['resources/read', 'read'],
    ['resources/subscribe', 'subscribe'],
    ['completion/complete', 'complete'],
    ['subscriptions/resource', 'subscribe'],
  ])('is evaluated for %s as %s, with the arguments that were validated', (method, action) => {
    const { requests, decisions, run } = openStage(allow);
    expect(run(method)).toBe(grant);
    expect(requests).toEqual([{ principal: who.principal, tenant: who.tenant, action, definition, input, call }]);
    expect(decisions).toEqual(['allow cedar']);
    expect(() => openStage(deny).run(method)).toThrow(GuardError);
  });

  it.each<[name: string, decision: PolicyDecision]>([
    ['by default', deny],
    ['by a forbid', { ...deny, grant }],
    ['by an error in a policy', { ...deny, error: 'p1: the attribute does not exist: canary' }],
  ])('denies %s: not_permitted, counted, and with no word of why to the caller', (_name, decision) => {
    const { decisions, run } = openStage(decision);
    expect(run).toThrow(
      expect.objectContaining({ code: 'not_permitted', message: 'Policy does not permit this call.' }) as Error,
    );
    expect(decisions).toEqual(['deny cedar']);
    try {
      run();
    } catch (thrown) {
      expect(JSON.stringify((thrown as GuardError).detail.data ?? null)).toBe('null');
      expect((thrown as GuardError).detail.decision, 'for the record').toBe(decision.grant);
    }
  });

  it('A29 that throws denies', () =>
    expect(
      openStage(() => {
        throw new Error('down');
      }).run,
    ).toThrow('down'));

  it('A29 that answers neither allow nor deny denies', () =>
    expect(openStage({ effect: 'permit', grant } as never).run).toThrow(GuardError));

  it('is read for every call: new policies take effect with the next call', () => {
    let current: PolicyDecision = allow as PolicyDecision;
    const stage = createAuthorize({
      tasks: { find: () => undefined },
      policy: () => {
        const decision = current;
        return { revision: 'r', couldAllow: () => true, decide: () => decision };
      },
      observer: silentObserver,
    });
    const judged: ValidatedCall = { row: METHODS['tools/call'], definition, input };
    expect(stage(who, judged, call)).toBe(grant);
    current = deny;
    expect(() => stage(who, judged, call)).toThrow(GuardError);
  });
});

it.each(['tools/list', 'initialize', 'ping', 'subscriptions/listen', 'logging/setLevel'])(
  '%s has no single target, so the stage decides nothing',
  (method) => {
    const { requests, run } = openStage(deny);
    expect(run(method, { definition: undefined })).toBeUndefined();
    expect(requests).toEqual([]);
  },
);
