/** What a handler knows of the call it serves. The safe means of this package ask for it, so none can be forgotten. */
import type { Principal, Tenant } from '@sallyport/guard';

/**
 * Who calls, for which tenant, and until when.
 *
 * @example
 * ```ts
 * const isAlice = ({ principal }: CallContext): boolean => principal.user.subject === 'alice';
 * ```
 */
export interface CallContext {
  /** Who calls: authenticated, and allowed to make this call. */
  readonly principal: Principal;
  readonly tenant: Tenant;
  /** Aborted when the caller cancels, and when the time limit of the call ends. */
  readonly signal: AbortSignal;
}
