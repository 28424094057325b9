/** Runs policies through the guard's evaluator and through the reference implementation, and compares the decisions. */
import { isAuthorized, policyToJson, type EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import type {
  Definition,
  JsonObject,
  PolicyRequest,
  Principal,
  Digest,
  PrincipalKey,
  TenantId,
} from '@sallyport/guard';
import { compileCedar, type PolicyJson } from '@sallyport/guard/policy';
import { expect } from 'vitest';

const definition: Definition = {
  server: 'crm',
  kind: 'tool',
  name: 'get',
  document: { annotations: { readOnlyHint: true } },
  digest: 'sha256:0' as Digest,
  labels: ['internal'],
};
const clock = { now: () => 1_700_000_000_000 };

const principalWith = (roles: readonly string[]): Principal => ({
  user: { issuer: 'https://i', subject: 'alice', roles, groups: ['g'], claims: { level: 3 } },
  agent: { clientId: 'app', actors: [] },
  scopes: ['mcp'],
  tenantClaim: 'acme',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'k' as PrincipalKey,
});

export const questionOf = (args: JsonObject | undefined, roles: readonly string[] = ['analyst']): PolicyRequest => ({
  principal: principalWith(roles),
  tenant: { id: 'acme' as TenantId },
  action: 'call',
  definition,
  input: args,
  call: {
    session: undefined,
    origin: {
      transport: 'embedded',
      era: 'modern',
      protocolVersion: '',
      address: '10.1.2.3',
      correlationId: '',
      traceparent: undefined,
      clientInfo: undefined,
    },
  },
});

/** The entities of the question, as the reference implementation needs them. */
function entities(roles: readonly string[]): EntityJson[] {
  return [
    {
      uid: { type: 'User', id: 'https://i|alice' },
      parents: [
        ...roles.map((id) => ({ type: 'Role', id })),
        { type: 'Group', id: 'g' },
        { type: 'Tenant', id: 'acme' },
      ],
      attrs: {
        issuer: 'https://i',
        subject: 'alice',
        tenant: 'acme',
        roles: [...roles],
        groups: ['g'],
        scopes: ['mcp'],
        claims: { level: 3 },
      },
    },
    {
      uid: { type: 'Tool', id: 'crm/get' },
      parents: [{ type: 'Server', id: 'crm' }],
      attrs: { server: 'crm', name: 'get', labels: ['internal'], pin: 'sha256:0', annotations: { readOnlyHint: true } },
    },
  ] as unknown as EntityJson[];
}

function reference(texts: readonly string[], args: JsonObject, roles: readonly string[]) {
  const answer = isAuthorized({
    principal: { type: 'User', id: 'https://i|alice' },
    action: { type: 'Action', id: 'call' },
    resource: { type: 'Tool', id: 'crm/get' },
    context: {
      args:
        typeof args['price'] === 'number'
          ? { ...args, price: { __extn: { fn: 'decimal', arg: String(args['price']) } } }
          : args,
      agent: { client_id: 'app', actors: [] },
      labels: [],
      mtls: false,
      source_ip: { __extn: { fn: 'ip', arg: '10.1.2.3' } },
      time: { __extn: { fn: 'datetime', arg: '2023-11-14T22:13:20Z' } },
    } as never,
    policies: { staticPolicies: Object.fromEntries(texts.map((text, index) => [`p${index}`, text])) },
    entities: entities(roles),
  });
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors));
  const { decision, diagnostics } = answer.response;
  const errors = diagnostics.errors.length > 0;
  return {
    allow: decision === 'allow' && !errors,
    errors,
    reason: errors ? undefined : [...diagnostics.reason].sort(),
  };
}

/** @throws Error when a policy cannot be parsed or compiled. */
export function engineOf(texts: readonly string[]) {
  return compileCedar(
    texts.map((text, index) => {
      const parsed = policyToJson(text);
      if (parsed.type === 'failure') throw new Error(`${text}: ${JSON.stringify(parsed.errors)}`);
      return { id: `p${index}`, json: parsed.json as unknown as PolicyJson };
    }),
    'r',
    clock,
  );
}

/** Expects the same decision, the same errors and the same deciding policies; and what is allowed is listed (A13). */
export function compare(texts: readonly string[], args: JsonObject, roles: readonly string[] = ['analyst']): void {
  const expected = reference(texts, args, roles);
  const engine = engineOf(texts);
  const decision = engine.decide(questionOf(args, roles));
  const ours = {
    allow: decision.effect === 'allow',
    errors: decision.effect === 'deny' && decision.error !== undefined,
  };
  expect(ours, texts.join('\n')).toEqual({ allow: expected.allow, errors: expected.errors });
  if (expected.reason !== undefined) expect(decision.grant.policies).toEqual(expected.reason);
  if (decision.effect === 'allow')
    expect(engine.couldAllow(questionOf(args, roles)), `A13 ${texts.join('\n')}`).toBe(true);
}

/** A policy that permits under one condition. */
export const when = (condition: string): string => `permit(principal, action, resource) when { ${condition} };`;

/** Arguments that the conditions of the tests read. */
export const ARGS: JsonObject = { n: 5, s: 'abc', flag: true, list: ['x', 'z'], nested: { deep: 1 } };
