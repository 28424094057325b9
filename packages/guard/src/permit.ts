/**
 * The permit: proof that the guard let a call through. Only `guard.ts` mints one (a boundary test enforces it); it is
 * spent once, and it is the only way to learn what may be sent to an upstream.
 */
import type { Approval, Call, Definition, Grant, Principal, Tenant } from './call.ts';
import { GuardError } from './errors.ts';

declare const brand: unique symbol;

/**
 * Proof that the guard let one call through. Opaque on purpose: everything that an upstream may know comes out of
 * {@link spendPermit}.
 *
 * @example
 * ```ts
 * const execute = async (permit: Permit): Promise<McpResult> => ({ value: spendPermit(permit).call.params });
 * ```
 */
export interface Permit {
  readonly [brand]: never;
}

/**
 * What the guard learned about the call that the permit stands for.
 *
 * @example
 * ```ts
 * const subjectOf = ({ principal }: Permitted): string => principal.user.subject;
 * ```
 */
export interface Permitted {
  readonly call: Call;
  readonly principal: Principal;
  readonly tenant: Tenant;
  readonly definition: Definition | undefined;
  readonly grant: Grant | undefined;
  readonly approval: Approval | undefined;
}

const unspent = new WeakMap<Permit, Permitted>();

/** For `guard.ts` alone. */
export function mintPermit(permitted: Permitted): Permit {
  const permit = Object.freeze({}) as Permit;
  unspent.set(permit, permitted);
  return permit;
}

/**
 * Exchanges a permit for what it allows. Works once.
 *
 * @throws GuardError `internal` when the permit was already spent or was not minted by the guard.
 * @example
 * ```ts
 * const execute: Execute = async (permit) => {
 *   const { call, definition } = spendPermit(permit);
 *   return { value: { tool: definition?.name ?? '', correlationId: call.origin.correlationId } };
 * };
 * ```
 */
export function spendPermit(permit: Permit): Permitted {
  const permitted = unspent.get(permit);
  if (permitted === undefined) throw new GuardError('internal', { cause: new Error('permit already spent or forged') });
  unspent.delete(permit);
  return permitted;
}

/**
 * Who the permit was minted for, without spending it: the edge binds streams, cancellations and answers to them. Tells
 * nothing about what may be sent.
 *
 * @throws GuardError `internal` when the permit was already spent or was not minted by the guard.
 * @example
 * ```ts
 * const keyOf = (permit: Permit): PrincipalKey => permitHolder(permit).principal.key;
 * ```
 */
export function permitHolder(permit: Permit): Pick<Permitted, 'principal' | 'tenant'> {
  const permitted = unspent.get(permit);
  if (permitted === undefined) throw new GuardError('internal', { cause: new Error('permit already spent or forged') });
  return { principal: permitted.principal, tenant: permitted.tenant };
}
