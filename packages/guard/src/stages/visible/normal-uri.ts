import { GuardError } from '../../errors.ts';
import { uriFault } from '../../resource-uri.ts';

/**
 * B12: a resource has one spelling. Another one is refused before anything is looked up or decided: a policy that
 * forbids `secret.txt` would not see `%73ecret.txt`.
 *
 * @throws GuardError `invalid_params` that says what is wrong, and does not repeat the URI.
 */
export function requireNormalUri(uri: string): void {
  const fault = uriFault(uri);
  if (fault !== undefined)
    throw new GuardError('invalid_params', {
      message: `The URI of a resource must be in the normal form of RFC 3986: ${fault}.`,
    });
}
