import { createHash } from 'node:crypto';
import type { Definition, JsonObject, Principal, Tenant } from '../../call.ts';
import { canonicalize } from '../../json/canonical.ts';

/** Everything that an approval is for. */
export interface ApprovedCall {
  readonly principal: Principal;
  readonly tenant: Tenant;
  readonly definition: Definition;
  readonly input: JsonObject;
  /** Revision of the policies that allowed it. */
  readonly revision: string;
}

/**
 * SHA-256 over the RFC 8785 form of everything that an approval is for, as 64 hex digits. Change one byte of it, and
 * the approval is for another call.
 *
 * @example
 * ```ts
 * const digestFor = ({ principal, tenant }: Identity, definition: Definition, input: JsonObject): string =>
 *   approvalDigest({ principal, tenant, definition, input, revision: 'r1' });
 * ```
 */
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
