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
import type { UpstreamSession } from '../sessions/session.ts';
import type { ServerSettings } from '../../snapshot.ts';
import type { PinCatalog } from './catalog.ts';
import type { ComparedList } from './compare-list.ts';
import type { OwnView } from './own-view.ts';
import type { PinIndex } from './pin-index.ts';
import { readList } from './read-list.ts';
import type { Verification } from './verification.ts';

/** What a verification uses. */
export interface Verifier {
  readonly clock: Clock;
  readonly catalog: PinCatalog;
  readonly ownView: OwnView;
  /** The capabilities that the gateway itself declares when it lists. */
  capabilities(settings: ServerSettings): JsonObject;
}

/**
 * Whether what a session shows decides for everybody. So does a session that all callers share: it was opened, and its
 * lists are read, with the capabilities of the gateway.
 */
export const isOwnView = ({ owner }: UpstreamSession): boolean => owner === undefined || owner.isGateway;

/** Lists the live definitions and compares them with the pins. Calls at the same time share one comparison. */
export function verifyNow(verifier: Verifier, session: UpstreamSession, kind: DefinitionKind): Promise<Verification> {
  const running = session.runningVerifications.get(kind);
  if (running !== undefined) return running;
  const verification = verify(verifier, session, kind).finally(() => session.runningVerifications.delete(kind));
  session.runningVerifications.set(kind, verification);
  return verification;
}

async function verify(verifier: Verifier, session: UpstreamSession, kind: DefinitionKind): Promise<Verification> {
  const { connection, settings } = session;
  const verifiedAtMs = verifier.clock.now();
  const documents = await readList(connection, kind, settings.timeoutMs, verifier.capabilities(settings));
  const compared = isOwnView(session)
    ? await verifier.catalog.compareList(settings, kind, documents)
    : await compareForCaller(verifier, session, kind, documents);
  const verification: Verification = { verifiedAtMs, ...compared };
  session.verifications.set(kind, verification);
  return verification;
}

/** B11: what only this caller sees as new or changed is looked up over the gateway's own session first. */
async function compareForCaller(
  { catalog, ownView }: Verifier,
  { settings, owner }: UpstreamSession,
  kind: DefinitionKind,
  documents: readonly JsonObject[],
): Promise<ComparedList> {
  const compared = await catalog.compareForCaller(settings, kind, documents);
  if (compared.differing.size === 0) return compared;
  await ownView.refresh(settings.name, kind);
  return catalog.compareAndPinForCaller(settings, kind, documents, owner);
}

/** The last verification of a kind, unless it is older than the server's settings allow. */
function recentVerification(
  { clock }: Verifier,
  { settings, verifications, owner }: UpstreamSession,
  kind: DefinitionKind,
): Verification | undefined {
  const last = verifications.get(kind);
  // The gateway asks for itself when it wants to know what is so now.
  if (last === undefined || settings.verifyIntervalMs === 0 || owner?.isGateway === true) return undefined;
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
  { served, differing }: Verification,
  { server, kind, name, digest }: Definition,
): void {
  if (catalog.isDrifting(server, kind, name) || pins.get(server, kind, name)?.digest !== digest)
    throw new GuardError('quarantined');
  const shownDigest = served.get(name);
  if (shownDigest === undefined) throw new GuardError(differing.has(name) ? 'quarantined' : 'not_found');
  if (shownDigest !== digest) throw new GuardError('quarantined');
}
