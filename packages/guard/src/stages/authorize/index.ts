/** Stage 5: may the caller do exactly this? Decides about validated arguments. Default deny; an error denies. */
import type { Stages } from '../../guard.ts';
import { GuardError } from '../../errors.ts';
import type { Call, JsonObject } from '../../call.ts';
import type { Identity } from '../../guard.ts';
import type { Observer, PolicyEngine, TaskDirectory } from '../../ports.ts';

/** What the authorize stage works with. */
export interface AuthorizeDeps {
  /** Read for every call. */
  readonly policy: () => PolicyEngine;
  readonly tasks: TaskDirectory;
  readonly observer: Observer;
}

/**
 * The authorize stage.
 *
 * @example
 * ```ts
 * const authorizeWith = (engine: PolicyEngine): Stages['authorize'] =>
 *   createAuthorize({ policy: () => engine, tasks: { find: () => undefined }, observer: silentObserver });
 * ```
 */
export function createAuthorize({ policy, tasks, observer }: AuthorizeDeps): Stages['authorize'] {
  return (identity, { row, definition, input }, call) => {
    // A list has no single target: the inspect stage decides about each item, with the same engine.
    if (definition === undefined || row.action === undefined) return undefined;
    const judged = row.target === 'task' ? inputOfTask(tasks, identity, call.target) : input;
    const decision = policy().decide({ ...identity, action: row.action, definition, input: judged, call });
    observer.decided(decision.effect, 'cedar');
    if (decision.effect === 'allow') return decision.grant;
    throw new GuardError('not_permitted', {
      decision: decision.grant,
      cause: new Error(decision.error ?? `denied by ${decision.grant.policies.join(', ') || 'default'}`),
    });
  };
}

/** B10: a task is judged by the arguments that made it. */
const inputOfTask = (tasks: TaskDirectory, { principal }: Identity, target: Call['target']): JsonObject | undefined =>
  target.kind === 'task' ? tasks.find(principal.key, target.server, target.name)?.input : undefined;
