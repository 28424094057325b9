/** Stage 5: may they do exactly this? Judges validated arguments; default deny; whatever goes wrong denies. */
import type { Stages } from '../../guard.ts';
import { GuardError } from '../../errors.ts';
import type { Observer, PolicyEngine } from '../../ports.ts';

export interface AuthorizeDeps {
  readonly policy: () => PolicyEngine;
  readonly observer: Observer;
}

export function createAuthorize({ policy, observer }: AuthorizeDeps): Stages['authorize'] {
  return ({ principal, tenant }, { row, definition, input }, call) => {
    // Lists have no single target: what they show is decided item by item, by the same function.
    if (definition === undefined || row.action === undefined) return undefined;
    const decision = policy().decide({ principal, tenant, action: row.action, definition, input, call });
    observer.decided(decision.effect, 'cedar');
    if (decision.effect === 'allow') return decision.grant;
    throw new GuardError('not_permitted', {
      decision: decision.grant,
      cause: new Error(decision.error ?? `denied by ${decision.grant.policies.join(', ') || 'default'}`),
    });
  };
}
