import { createHash } from 'node:crypto';
import type { Definition, JsonObject, Principal, Tenant } from '../../call.ts';
import { canonicalize } from '../../json/canonical.ts';

export interface ApprovedCall {
  readonly principal: Principal;
  readonly tenant: Tenant;
  readonly definition: Definition;
  readonly input: JsonObject;
  /** Revision of the policies that allowed it. */
  readonly revision: string;
}

/** SHA-256 over the RFC 8785 form of everything that a yes is for: change one byte of it and the yes is for something else. */
export function approvalDigest({ principal, tenant, definition, input, revision }: ApprovedCall): string {
  const { user, agent } = principal;
  const text = canonicalize({
    v: 1,
    tenant: tenant.id,
    requester: { iss: user.issuer, sub: user.subject },
    agent: agent.clientId,
    actors: agent.actors,
    server: definition.server,
    tool: definition.name,
    definition: definition.digest,
    arguments: input,
    revision,
  });
  return createHash('sha256').update(text).digest('hex');
}
