import type { Principal } from '../../call.ts';
import { andThen, type MaybePromise } from '../../maybe-promise.ts';
import type { Authenticator } from '../../ports.ts';

/**
 * Tries each authenticator in turn. The first that knows the kind of credential decides, also when it refuses. The
 * result is an authenticator again.
 *
 * @example
 * ```ts
 * const either = (jwt: Authenticator, apiKey: Authenticator): Authenticator => firstOf(jwt, apiKey);
 * ```
 */
export function firstOf(...authenticators: readonly Authenticator[]): Authenticator {
  const [first, ...others] = authenticators;
  if (first === undefined) return () => undefined;
  const next = firstOf(...others);
  return (credentials) =>
    andThen(first(credentials), (principal): MaybePromise<Principal | undefined> =>
      principal === undefined ? next(credentials) : principal,
    );
}
