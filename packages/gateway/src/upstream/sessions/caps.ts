/**
 * B7: the sessions of one server are shared between tenants and users as everything else is (`FairShares`), within the
 * caps that its settings name. Sessions that nobody uses make way, those in use never do.
 */
import { createFairShares, shareRefusal, type UsedUp } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Opening } from './pool-state.ts';
import type { Owner, UpstreamSession } from './session.ts';

/**
 * Finds space for one more session of an owner.
 *
 * @param sessions all open sessions; shared ones do not count.
 * @param openings all sessions that are being opened.
 * @returns the session to close first: the one that was idle longest; `undefined` when there is space.
 * @throws GuardError `rate_limited` when a cap or share is used up and every session that may make way is in use.
 */
export function sessionToEvict(
  settings: ServerSettings,
  owner: Owner,
  sessions: Iterable<UpstreamSession>,
  openings: Iterable<Opening>,
): UpstreamSession | undefined {
  // Its one session beside the shares is how the gateway judges what the others show (B11).
  if (owner.isGateway) return undefined;
  const { name, sessions: caps } = settings;
  const open = [...sessions].filter((session) => session.settings.name === name && isCounted(session.owner));
  const opening = [...openings].filter((each) => each.server === name && isCounted(each.owner));
  const openingOwners = opening.map((each) => each.owner);
  const held = [...ownersOf(open), ...openingOwners];
  const ofTenant = open.filter((session) => session.owner?.tenant === owner.tenant);
  const ofUser = ofTenant.filter((session) => session.owner?.user === owner.user);
  if (held.filter(({ user }) => user === owner.user).length >= caps.maxPerPrincipal) return longestIdle('user', ofUser);
  if (held.filter(({ tenant }) => tenant === owner.tenant).length >= (caps.maxPerTenant ?? Infinity))
    return longestIdle('tenant', ofTenant);
  const usedUp = usedUpFor(owner, held, caps.max);
  if (usedUp === undefined) return undefined;
  // Whoever has all of its own in use may take the place of what nobody uses, as far as its share goes.
  const inUse = [...ownersOf(open.filter(({ useCount }) => useCount > 0)), ...openingOwners];
  const others = usedUpFor(owner, inUse, caps.max) === undefined ? [ofTenant, open] : [];
  const own: Readonly<Record<UsedUp, readonly UpstreamSession[]>> = { user: ofUser, tenant: ofTenant, gateway: open };
  return longestIdle(usedUp, own[usedUp], ...others);
}

const isCounted = (owner: Owner | undefined): boolean => owner?.isGateway === false;

const ownersOf = (sessions: readonly UpstreamSession[]): readonly Owner[] =>
  sessions.flatMap(({ owner }) => owner ?? []);

/** Whose share is used up when the owner takes one more. */
function usedUpFor(owner: Owner, held: readonly Owner[], max: number): UsedUp | undefined {
  let isCounting = true;
  const shares = createFairShares(() => (isCounting ? Infinity : max));
  for (const holder of held) shares.take(holder);
  isCounting = false;
  return shares.take(owner);
}

/** @param choices in the order of preference. */
function longestIdle(usedUp: UsedUp, ...choices: readonly (readonly UpstreamSession[])[]): UpstreamSession {
  for (const sessions of choices) {
    const [idle] = sessions.filter(({ useCount }) => useCount === 0).sort((a, b) => a.lastUsedAtMs - b.lastUsedAtMs);
    if (idle !== undefined) return idle;
  }
  throw shareRefusal(usedUp, 'connections … to this server are in use');
}
