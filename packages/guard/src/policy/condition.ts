/** One Cedar expression on its own: the condition of a rule that is not a policy. */
import type { PolicyRequest } from '../ports.ts';
import { environment, type PolicyJson } from './cedar.ts';
import { compileExpression } from './expression.ts';
import { EvaluationError } from './values.ts';

/**
 * Whether a condition holds for a call, at a time in milliseconds since the epoch. What cannot be said, because an
 * argument is missing or of another type, is `unclear`.
 *
 * @example
 * ```ts
 * const asksWhenInDoubt = (holds: Condition, request: PolicyRequest): boolean => holds(request, 0) !== false;
 * ```
 */
export type Condition = (request: PolicyRequest, nowMs: number) => boolean | 'unclear';

/**
 * Compiles the conditions of a policy; its scope and its effect do not matter.
 *
 * @throws Error naming an operator that is not supported.
 *
 * @example
 * ```ts
 * const holds = (policy: PolicyJson): Condition => compileCondition(policy);
 * ```
 */
export function compileCondition({ conditions }: Pick<PolicyJson, 'conditions'>): Condition {
  const parts = conditions.map(({ kind, body }) => ({ expected: kind === 'when', holds: compileExpression(body) }));
  return (request, nowMs) => {
    const env = environment(request, request.action, { volatile: false }, nowMs);
    try {
      for (const { expected, holds } of parts) {
        const value = holds(env);
        if (typeof value !== 'boolean') return 'unclear';
        if (value !== expected) return false;
      }
      return true;
    } catch (thrown) {
      if (thrown instanceof EvaluationError) return 'unclear';
      throw thrown;
    }
  };
}
