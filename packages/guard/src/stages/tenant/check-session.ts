import type { Principal, Session, Tenant } from '../../call.ts';
import { GuardError } from '../../errors.ts';

/**
 * A18: a session works for the user and tenant that opened it.
 *
 * @throws GuardError `session_not_found` for anyone else, as if it did not exist.
 */
export function checkSession(session: Session | undefined, { user }: Principal, tenant: Tenant): void {
  if (session === undefined) return;
  if (session.issuer !== user.issuer || session.subject !== user.subject || session.tenant !== tenant.id)
    throw new GuardError('session_not_found');
}
