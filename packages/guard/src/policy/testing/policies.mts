/** Policies in Cedar's JSON format and requests about them, for the tests of decisions and of lists. */
import type { Definition, Principal, JsonObject } from '../../call.ts';
import type { Digest, PrincipalKey, TenantId } from '../../identifiers.ts';
import type { Action } from '../../methods.ts';
import type { PolicyDecision, PolicyEngine, PolicyRequest } from '../../ports.ts';
import { compileCedar, type PolicyJson } from '../cedar.ts';
import type { ScopeJson } from '../scope.ts';

export const ALL: ScopeJson = { op: 'All' };
export type Body = unknown;
export const policy = (effect: 'permit' | 'forbid', body?: Body, scope: Partial<PolicyJson> = {}): PolicyJson => ({
  effect,
  principal: ALL,
  action: ALL,
  resource: ALL,
  conditions: body === undefined ? [] : [{ kind: 'when', body }],
  ...scope,
});
export const engineOf = (...policies: PolicyJson[]): PolicyEngine =>
  compileCedar(
    policies.map((json, index) => ({ id: `p${index}`, json })),
    'r',
    { now: () => 1_700_000_000_000 },
  );

export const variable = (name: string): Body => ({ Var: name });
export const literal = (value: unknown): Body => ({ Value: value });
export const attribute = (left: Body, ...path: string[]): Body =>
  path.reduce<Body>((from, attr) => ({ '.': { left: from, attr } }), left);
export const equals = (left: Body, right: Body): Body => ({ '==': { left, right } });
export const exactly = (type: string, id: string): ScopeJson => ({ op: '==', entity: { type, id } });
export const inside = (type: string, id: string): ScopeJson => ({ op: 'in', entity: { type, id } });

export interface Changes {
  readonly principal?: Partial<Principal> & { readonly user?: Principal['user'] };
  readonly definition?: Partial<Definition>;
  readonly action?: Action;
  readonly input?: JsonObject | undefined;
  readonly tenant?: string;
  readonly session?: string;
  readonly address?: string;
}

export const USER: Principal['user'] = {
  issuer: 'https://i',
  subject: 'alice',
  roles: ['analyst'],
  groups: ['staff'],
  claims: { level: 3, none: null },
};
export const PRINCIPAL: Principal = {
  user: USER,
  agent: { clientId: 'app', actors: ['bot'] },
  scopes: ['mcp'],
  tenantClaim: 'claimed',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'k' as PrincipalKey,
};
export const TOOL: Definition = {
  server: 'crm',
  kind: 'tool',
  name: 'get',
  document: { annotations: { readOnlyHint: true } },
  digest: 'sha256:0' as Digest,
  labels: ['internal'],
};

export function requestOf({
  principal,
  definition,
  action = 'call',
  tenant = 'acme',
  session,
  address = '10.1.2.3',
  ...rest
}: Changes = {}): PolicyRequest {
  return {
    principal: { ...PRINCIPAL, ...principal },
    tenant: { id: tenant as TenantId },
    action,
    definition: { ...TOOL, ...definition },
    input: 'input' in rest ? rest.input : {},
    call: {
      session: session === undefined ? undefined : { id: session, issuer: 'i', subject: 's', tenant },
      origin: {
        transport: 'http',
        era: 'modern',
        protocolVersion: '',
        address,
        correlationId: '',
        traceparent: undefined,
        clientInfo: undefined,
      },
    },
  };
}
export const decide = (policies: PolicyJson[], changes?: Changes): PolicyDecision =>
  engineOf(...policies).decide(requestOf(changes));
export const allows = (body: Body, changes?: Changes): boolean =>
  decide([policy('permit', body)], changes).effect === 'allow';
export const listed = (policies: PolicyJson[], changes?: Changes): boolean =>
  engineOf(...policies).couldAllow(requestOf({ input: undefined, ...changes }));
export const MISSING = attribute(variable('principal'), 'missing');
export const ARG = equals(attribute(variable('context'), 'args', 'n'), literal(1));
