/** Stage 5: may the caller do exactly this? Decides about validated arguments. Default deny; an error denies. */
import type { Stages } from '../../guard.ts';
import { GuardError } from '../../errors.ts';
import type { Observer, PolicyEngine } from '../../ports.ts';

/** What the authorize stage works with. */
export interface AuthorizeDeps {
  /** Read for every call. */
  readonly policy: () => PolicyEngine;
  readonly observer: Observer;
}

/**
 * The authorize stage.
 *
 * @example
 * ```ts
 * const authorizeWith = (engine: PolicyEngine): Stages['authorize'] =>
 *   createAuthorize({ policy: () => engine, observer: silentObserver });
 * ```
 */
export function createAuthorize({ policy, observer }: AuthorizeDeps): Stages['authorize'] {
  return ({ principal, tenant }, { row, definition, input }, call) => {
    // A list has no single target: the inspect stage decides about each item, with the same engine.
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
