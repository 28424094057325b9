/** What a caller must hold for a tool, a resource or a prompt. */
import type { Principal } from '@sallyport/guard';

/**
 * The name of one permission, such as `customers:read`; or `everyone` who is authenticated; or one that depends on the
 * input: the item is shown to whoever holds one of `oneOf`, and a call needs the one that `of` returns.
 *
 * @example
 * ```ts
 * const read: Permission<unknown> = 'customers:read';
 * const byAmount: Permission<{ readonly amount: number }> = {
 *   oneOf: ['refunds:small', 'refunds:large'],
 *   of: ({ amount }) => (amount > 100 ? 'refunds:large' : 'refunds:small'),
 * };
 * ```
 */
export type Permission<Input> =
  | string
  | { readonly oneOf: readonly [string, ...string[]]; readonly of: (input: Input) => string };

/**
 * Which permissions each role has. `*` is all of them, `customers:*` those that begin so.
 *
 * @example
 * ```ts
 * const roles: Roles = { support: ['customers:read'], lead: ['customers:*'], admin: ['*'] };
 * ```
 */
export type Roles = Readonly<Record<string, readonly string[]>>;

/** Who is authenticated holds it. */
export const EVERYONE = 'everyone';

const NAME = /^[A-Za-z0-9][A-Za-z0-9:._/-]{0,127}$/;

/** @throws RangeError for a name that is none. @param what the item, for the message. */
export function checkPermission(permission: Permission<never> | undefined, what: string): void {
  const names = typeof permission === 'string' ? [permission] : (permission?.oneOf ?? []);
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && NAME.test(name)))
    throw new RangeError(`${what}: permission must be a name such as 'customers:read', or 'everyone'`);
}

/** Whether a principal holds a permission: by a scope of its credential, or by one of its roles. */
export function holds({ scopes, user }: Principal, permission: string, roles: Roles): boolean {
  if (permission === EVERYONE || scopes.includes(permission)) return true;
  return user.roles.some(
    (role) => Object.hasOwn(roles, role) && (roles[role] ?? []).some((has) => covers(has, permission)),
  );
}

const covers = (has: string, permission: string): boolean =>
  has === permission || has === '*' || (has.endsWith(':*') && permission.startsWith(has.slice(0, -1)));
