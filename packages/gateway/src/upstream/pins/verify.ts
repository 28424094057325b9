/** Compares the live definitions that one session shows with their pins, before they are listed or called. */
import {
  andThen,
  GuardError,
  type Clock,
  type Definition,
  type DefinitionKind,
  type JsonObject,
  type MaybePromise,
} from '@sallyport/guard';
import { GATEWAY_TENANT } from '@sallyport/guard/stages';
import type { UpstreamSession } from '../sessions/session.ts';
import type { ServerSettings } from '../../snapshot.ts';
import type { PinCatalog } from './catalog.ts';
import type { PinIndex } from './pin-index.ts';
import { readList } from './read-list.ts';
import type { Verification } from './verification.ts';

/** What a verification uses. */
export interface Verifier {
  readonly clock: Clock;
  readonly catalog: PinCatalog;
  /** The capabilities that the gateway itself declares when it lists. */
  capabilities(settings: ServerSettings): JsonObject;
}

/** Who sees what a session shows: its principal, or `*` for a session that all callers share. */
export const viewerOf = (session: UpstreamSession): string => session.owner?.principal ?? '*';

/** Lists the live definitions and compares them with the pins. Calls at the same time share one comparison. */
export function verifyNow(verifier: Verifier, session: UpstreamSession, kind: DefinitionKind): Promise<Verification> {
  const running = session.runningVerifications.get(kind);
  if (running !== undefined) return running;
  const verification = verify(verifier, session, kind).finally(() => session.runningVerifications.delete(kind));
  session.runningVerifications.set(kind, verification);
  return verification;
}

async function verify(
  { clock, catalog, capabilities }: Verifier,
  session: UpstreamSession,
  kind: DefinitionKind,
): Promise<Verification> {
  const { connection, settings } = session;
  const verifiedAtMs = clock.now();
  const documents = await readList(connection, kind, settings.timeoutMs, capabilities(settings));
  const { served, pinsVersion } = await catalog.compareList(
    settings,
    kind,
    documents,
    viewerOf(session),
    session.owner?.tenant === GATEWAY_TENANT ? undefined : session.owner,
  );
  const verification: Verification = { verifiedAtMs, pinsVersion, served };
  session.verifications.set(kind, verification);
  return verification;
}

/** The last verification of a kind, unless it is older than the server's settings allow. */
function recentVerification(
  { clock }: Verifier,
  { settings, verifications }: UpstreamSession,
  kind: DefinitionKind,
): Verification | undefined {
  const last = verifications.get(kind);
  if (last === undefined || settings.verifyIntervalMs === 0) return undefined;
  return clock.now() - last.verifiedAtMs <= settings.verifyIntervalMs ? last : undefined;
}

/** The definitions of a kind that may be listed through this session: pinned documents, in the server's order. */
export async function listServed(
  verifier: Verifier,
  session: UpstreamSession,
  kind: DefinitionKind,
): Promise<readonly Definition[]> {
  const recent = recentVerification(verifier, session, kind);
  const { version } = await verifier.catalog.freshPins();
  const { served } = recent?.pinsVersion === version ? recent : await verifyNow(verifier, session, kind);
  const pins = await verifier.catalog.freshPins();
  const { name: server } = session.settings;
  const listed: Definition[] = [];
  for (const [name, digest] of served) {
    const pinned = pins.get(server, kind, name);
    if (pinned?.digest === digest && !verifier.catalog.isDrifting(server, kind, name)) listed.push(pinned);
  }
  return listed;
}

/**
 * Invariant 6, before anything is sent: the definition that was judged is still pinned, and the server shows the same.
 *
 * @throws GuardError `quarantined` when the server shows another definition, `not_found` when it shows none through
 * this session.
 */
export function requireServed(
  verifier: Verifier,
  session: UpstreamSession,
  definition: Definition,
): MaybePromise<void> {
  const { catalog } = verifier;
  const recent = recentVerification(verifier, session, definition.kind);
  if (recent?.served.get(definition.name) === definition.digest)
    return andThen(catalog.freshPins(), (pins) => requireMatch(catalog, pins, recent, definition));
  return verifyNow(verifier, session, definition.kind).then(async (verification) =>
    requireMatch(catalog, await catalog.freshPins(), verification, definition),
  );
}

function requireMatch(
  catalog: PinCatalog,
  pins: PinIndex,
  { served }: Verification,
  { server, kind, name, digest }: Definition,
): void {
  if (catalog.isDrifting(server, kind, name) || pins.get(server, kind, name)?.digest !== digest)
    throw new GuardError('quarantined');
  const shownDigest = served.get(name);
  if (shownDigest === undefined) throw new GuardError('not_found');
  if (shownDigest !== digest) throw new GuardError('quarantined');
}
