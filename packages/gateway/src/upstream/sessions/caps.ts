/** B7: caps on the sessions of one server: in total, for each tenant, and for each user, whatever its client ids. */
import { GuardError } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Opening } from './pool-state.ts';
import type { Owner, UpstreamSession } from './session.ts';

/**
 * Finds space for one more session of an owner.
 *
 * @param sessions all open sessions; shared ones do not count.
 * @param openings all sessions that are being opened.
 * @returns the session to close first: the one that was idle longest; `undefined` when there is space.
 * @throws GuardError `rate_limited` when a cap is reached and every session is in use. Nobody loses a session in use.
 */
export function sessionToEvict(
  settings: ServerSettings,
  { user, tenant, isGateway }: Owner,
  sessions: Iterable<UpstreamSession>,
  openings: Iterable<Opening>,
): UpstreamSession | undefined {
  // Its one session beside the shares is how the gateway judges what the others show (B11).
  if (isGateway) return undefined;
  const { name, sessions: caps } = settings;
  const opening = [...openings].filter(({ server }) => server === name);
  const open = [...sessions].filter((session) => session.settings.name === name && session.owner !== undefined);
  const openOfUser = open.filter(({ owner }) => owner?.user === user);
  if (openOfUser.length + opening.filter(({ owner }) => owner.user === user).length >= caps.maxPerPrincipal)
    return longestIdle(openOfUser, 'too many connections of this caller');
  const openOfTenant = open.filter(({ owner }) => owner?.tenant === tenant);
  const openingOfTenant = opening.filter(({ owner }) => owner.tenant === tenant);
  if (openOfTenant.length + openingOfTenant.length >= (caps.maxPerTenant ?? caps.max))
    return longestIdle(openOfTenant, 'too many connections of this tenant');
  if (open.length + opening.length >= caps.max) return longestIdle(open, 'too many connections');
  return undefined;
}

function longestIdle(sessions: readonly UpstreamSession[], reason: string): UpstreamSession {
  const [idle] = sessions.filter(({ useCount }) => useCount === 0).sort((a, b) => a.lastUsedAtMs - b.lastUsedAtMs);
  if (idle !== undefined) return idle;
  throw new GuardError('rate_limited', {
    message: `The server behind the gateway has ${reason}.`,
    retryAfterSeconds: 1,
  });
}
