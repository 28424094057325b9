/** Requests for approval and people, for tests. */
import type { Digest, PrincipalKey } from '../identifiers.ts';
import type { Principal } from '../call.ts';
import type { ApprovalRequest, Verdict } from './index.ts';

/** A request of alice, through the agent `desk-agent`, to pay. Everybody with the role `approver` may decide. */
export const requestOf = (changes: Partial<ApprovalRequest> = {}): ApprovalRequest => ({
  tenant: 'acme',
  digest: 'd',
  requester: { issuer: 'https://i', subject: 'alice' },
  agent: { clientId: 'desk-agent', actors: ['bot', 'broker'] },
  server: 'bank',
  tool: 'pay',
  definitionDigest: 'sha256:0' as Digest,
  arguments: { amount: 1 },
  revision: 'r1',
  demand: { approvers: [{ kind: 'role', name: 'approver' }], required: 1, distinct: false, source: 'test' },
  ttlMs: 1_000,
  ...changes,
});

/** A person with the role `approver`, at a client of their own. */
export const personOf = (subject: string, user: Partial<Principal['user']> = {}): Principal => ({
  user: { issuer: 'https://i', subject, roles: ['approver'], groups: [], claims: {}, ...user },
  agent: { clientId: 'dashboard', actors: [] },
  scopes: [],
  tenantClaim: 'acme',
  tier: undefined,
  expiresAtMs: undefined,
  key: subject as PrincipalKey,
});

/** What a person says in a test. */
export const says = (by: Principal, verdict: Verdict['verdict'] = 'approve', reason?: string): Verdict => ({
  by,
  verdict,
  reason,
  channel: 'test',
});
