/** Compares the live definitions, as one link shows them, with their pins: on list, on call, and when they are said to change. */
import { GuardError, type Clock, type Definition, type DefinitionKind, type JsonObject } from '@sallyport/guard';
import type { UpstreamSession } from '../sessions/session.ts';
import type { Verification } from './verification.ts';
import type { ServerSettings } from '../../snapshot.ts';
import type { PinCatalog } from './catalog.ts';
import { readList } from './read-list.ts';

export interface Verifier {
  readonly clock: Clock;
  readonly definitions: PinCatalog;
  /** What the gateway itself declares when it lists. */
  capabilities(settings: ServerSettings): JsonObject;
}

/** Who saw it: sightings through one link are one witness, and the gateway's shared link is another. */
export const observerOf = (seat: UpstreamSession): string => (seat.owner === undefined ? '*' : seat.owner.principal);

/** A comparison that is made now, or is being made: calls at the same time share one. */
export function verifyNow(looker: Verifier, seat: UpstreamSession, kind: DefinitionKind): Promise<Verification> {
  const running = seat.runningVerifications.get(kind);
  if (running !== undefined) return running;
  const look = compareNow(looker, seat, kind).finally(() => seat.runningVerifications.delete(kind));
  seat.runningVerifications.set(kind, look);
  return look;
}

async function compareNow(
  { clock, definitions, capabilities }: Verifier,
  seat: UpstreamSession,
  kind: DefinitionKind,
): Promise<Verification> {
  const at = clock.now();
  const documents = await readList(seat.connection, kind, seat.settings.timeoutMs, capabilities(seat.settings));
  const served = definitions.compareList(seat.settings, kind, documents, observerOf(seat));
  const look: Verification = { verifiedAtMs: at, pinsVersion: definitions.version(), served };
  seat.verifications.set(kind, look);
  return look;
}

const isFresh = (looker: Verifier, seat: UpstreamSession, look: Verification | undefined): look is Verification =>
  look !== undefined &&
  seat.settings.verifyIntervalMs > 0 &&
  looker.clock.now() - look.verifiedAtMs <= seat.settings.verifyIntervalMs;

/** What of a kind may be listed through this link: pinned documents, in the server's order. */
export async function listServed(
  looker: Verifier,
  seat: UpstreamSession,
  kind: DefinitionKind,
): Promise<readonly Definition[]> {
  let look = seat.verifications.get(kind);
  if (!isFresh(looker, seat, look) || look.pinsVersion !== looker.definitions.version())
    look = await verifyNow(looker, seat, kind);
  const { name: server } = seat.settings;
  const items: Definition[] = [];
  for (const [name, digest] of look.served) {
    const pinned = looker.definitions.pinned(server, kind, name);
    if (pinned?.digest === digest && !looker.definitions.isDrifting(server, kind, name)) items.push(pinned);
  }
  return items;
}

/**
 * Invariant 6, before anything is sent: the definition that was judged is pinned still, and the server shows the same.
 *
 * @throws GuardError `quarantined` when it shows another, `not_found` when it shows none through this link.
 */
export function requireServed(looker: Verifier, seat: UpstreamSession, definition: Definition): void | Promise<void> {
  const look = seat.verifications.get(definition.kind);
  if (isFresh(looker, seat, look) && look.served.get(definition.name) === definition.digest)
    return checkShown(looker, look, definition);
  return verifyNow(looker, seat, definition.kind).then((now) => checkShown(looker, now, definition));
}

function checkShown({ definitions }: Verifier, look: Verification, { server, kind, name, digest }: Definition): void {
  if (definitions.isDrifting(server, kind, name) || definitions.pinned(server, kind, name)?.digest !== digest)
    throw new GuardError('quarantined');
  const shown = look.served.get(name);
  if (shown === undefined) throw new GuardError('not_found');
  if (shown !== digest) throw new GuardError('quarantined');
}
