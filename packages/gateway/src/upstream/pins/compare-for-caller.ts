/**
 * Compares what the session of one caller shows with the pins. It decides for this caller, and changes nothing for
 * others (B11).
 */
import type { DefinitionKind, Digest, JsonObject, ShareHolder } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import { screenNames, type ComparedList, type CompareListDeps } from './compare-list.ts';
import { spaceOf, type DefinitionChange } from './definition-bytes.ts';
import { definitionKey } from './definition-key.ts';
import { digestOf } from './digest.ts';
import { FIRST_USE_OF_CALLER, type PinIndex } from './pin-index.ts';

/** Changes nothing. */
export async function compareForCaller(
  deps: CompareListDeps,
  settings: ServerSettings,
  kind: DefinitionKind,
  documents: readonly JsonObject[],
): Promise<ComparedList> {
  const pins = await deps.current.fresh();
  return compared(deps, pins, settings, kind, screenNames(deps, pins, settings, kind, documents).accepted);
}

/**
 * The same, after the gateway has looked over its own session. What that one does not show is a tool that the caller
 * enabled, or the like: nobody else has another definition of it, so it is pinned on first use, or waits for approval.
 */
export async function compareAndPinForCaller(
  deps: CompareListDeps,
  settings: ServerSettings,
  kind: DefinitionKind,
  documents: readonly JsonObject[],
  owner: ShareHolder | undefined,
): Promise<ComparedList> {
  const pins = await deps.current.fresh();
  const { accepted } = screenNames(deps, pins, settings, kind, documents);
  const changes = newcomerChanges(deps, pins, settings, kind, accepted, owner);
  if (changes.length === 0) return compared(deps, pins, settings, kind, accepted);
  await deps.store.apply(changes);
  return compared(deps, await deps.current.reload(), settings, kind, accepted);
}

type Accepted = readonly (readonly [name: string, document: JsonObject])[];

function compared(
  { drift }: CompareListDeps,
  pins: PinIndex,
  { name: server }: ServerSettings,
  kind: DefinitionKind,
  accepted: Accepted,
): ComparedList {
  const served = new Map<string, Digest>();
  const differing = new Set<string>();
  for (const [name, document] of accepted) {
    const digest = digestOf(kind, document);
    const isServed = pins.get(server, kind, name)?.digest === digest && !drift.has(definitionKey(server, kind, name));
    if (isServed) served.set(name, digest);
    else differing.add(name);
  }
  return { served, differing, pinsVersion: pins.version };
}

function newcomerChanges(
  { clock, shownBytes }: CompareListDeps,
  pins: PinIndex,
  settings: ServerSettings,
  kind: DefinitionKind,
  accepted: Accepted,
  owner: ShareHolder | undefined,
): readonly DefinitionChange[] {
  const { name: server } = settings;
  const space = spaceOf(pins, server, shownBytes, owner);
  return accepted.flatMap(([name, document]) => {
    const isKnown = pins.get(server, kind, name) !== undefined || pins.pendingDigest(server, kind, name) !== undefined;
    if (isKnown) return [];
    const definition = { server, kind, name, digest: digestOf(kind, document), document };
    const nowMs = clock.now();
    const change: DefinitionChange =
      settings.pin === 'approval'
        ? { kind: 'save_pending', pending: { ...definition, seenAtMs: nowMs } }
        : { kind: 'pin_if_absent', pin: { ...definition, approvedAtMs: nowMs, approvedBy: FIRST_USE_OF_CALLER } };
    return space.take(change) === undefined ? [change] : [];
  });
}
