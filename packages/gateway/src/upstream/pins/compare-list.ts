/**
 * Compares a list of live definitions with the pins. What the gateway's own session shows decides for everybody: it
 * pins on first use, and withholds what differs. What the session of a caller shows decides for that caller (B11).
 */
import type { DefinitionKind, Digest, FairShares, Json, JsonObject, PinChange, PinStore } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import { compareDefinition, type CompareDeps, type LiveDefinition } from './compare-definition.ts';
import type { CurrentPins } from './current-pins.ts';
import { spaceOf } from './definition-bytes.ts';
import { digestOf } from './digest.ts';
import type { PinIndex } from './pin-index.ts';
import { LISTS } from '@sallyport/server/mcp/lists';
import { DEFINITIONS_MAX } from './read-list.ts';
import { screenList, type ScreenedList } from './screen.ts';
import type { ReportWithheld, Withheld } from './withheld.ts';

/** What the comparison of a list found. */
export interface ComparedList {
  /** The digest of each definition that may be served, by name, in the server's order. */
  readonly served: ReadonlyMap<string, Digest>;
  /** Names under which something else was shown than is pinned. */
  readonly differing: ReadonlySet<string>;
  /** The version of the pins that the list was compared with. */
  readonly pinsVersion: number;
}

/** What the comparison of a list uses. */
export interface CompareListDeps extends CompareDeps {
  readonly servers: () => readonly ServerSettings[];
  readonly store: PinStore;
  readonly current: CurrentPins;
  readonly reportWithheld: ReportWithheld;
  readonly shownBytes: FairShares;
  /** What is served of this kind has changed. */
  changed(server: string, kind: DefinitionKind): void;
}

/** Of the gateway's own session: notes and reports drift, and writes pins. */
export async function compareList(
  deps: CompareListDeps,
  settings: ServerSettings,
  kind: DefinitionKind,
  documents: readonly JsonObject[],
): Promise<ComparedList> {
  const pins = await deps.current.fresh();
  const { accepted, withheld: badNames } = screenNames(deps, pins, settings, kind, documents);
  const withheld: Withheld[] = [...badNames];
  const served = new Map<string, Digest>();
  const changes: PinChange[] = [];
  const newcomers: LiveDefinition[] = [];
  const space = spaceOf(pins, settings.name, deps.shownBytes, undefined);
  let servedChanged = false;
  for (const [name, document] of accepted) {
    const live: LiveDefinition = { settings, kind, name, document };
    const comparison = compareDefinition(deps, pins, live);
    // Drift counts, whether there is space for the definition or not: only a newcomer is withheld because of its size.
    const noSpace = comparison.change && space.take(comparison.change);
    if (noSpace !== undefined) withheld.push({ name, reason: noSpace });
    else if (comparison.change !== undefined) changes.push(comparison.change);
    if (noSpace !== undefined && pins.get(settings.name, kind, name) === undefined) continue;
    servedChanged ||= comparison.servedChanged;
    if (comparison.servedDigest !== undefined) served.set(name, comparison.servedDigest);
    if (pins.get(settings.name, kind, name) === undefined) newcomers.push(live);
  }
  const note = await deps.reportWithheld(settings.name, kind, withheld);
  if (note !== undefined) changes.push(note);
  if (changes.length > 0) await deps.store.apply(changes);
  // Read again even without changes: what is sent next is checked against the pins as they are after the comparison.
  // Without changes the pins that were read last serve where the store does not answer.
  const after = await (changes.length > 0 ? deps.current.reload() : deps.current.recent());
  for (const name of await pinnedOtherwise(deps, after, newcomers)) served.delete(name);
  if (servedChanged) deps.changed(settings.name, kind);
  const differing = new Set([...accepted].map(([name]) => name).filter((name) => !served.has(name)));
  return { served, differing, pinsVersion: changes.length > 0 ? after.version : pins.version };
}

/** The definitions whose names may be served, no more than one list may have. */
export function screenNames(
  { servers }: CompareListDeps,
  pins: PinIndex,
  settings: ServerSettings,
  kind: DefinitionKind,
  documents: readonly JsonObject[],
): ScreenedList {
  if (kind === 'server') return { accepted: [], withheld: [] };
  const nameOf = (document: JsonObject): Json | undefined => document[LISTS[kind].identifier];
  const allowed = documents.filter(
    (document) => kind !== 'tool' || settings.allowTools?.includes(String(nameOf(document))) !== false,
  );
  const pinned = pins.ofKind(settings.name, kind);
  const serverNames = servers().map(({ name }) => name);
  const screened = screenList(kind, allowed, nameOf, pinned, serverNames);
  // D2: what is pinned or pending is never deleted, so the number of names that one server can add is bounded.
  const kept = settings.pin === 'approval' ? pins.pendingCount(settings.name, kind) : pinned.size;
  let free = DEFINITIONS_MAX[kind] - kept;
  const withheld: Withheld[] = [...screened.withheld];
  const accepted = screened.accepted.filter(([name]) => {
    if (pinned.has(name) || pins.pendingDigest(settings.name, kind, name) !== undefined) return true;
    free -= 1;
    if (free >= 0) return true;
    withheld.push({ name, reason: 'too many definitions are pinned or wait for approval' });
    return false;
  });
  return { accepted, withheld };
}

/**
 * Finds newcomers that another process pinned first with another definition, since the pins were read, and stores that
 * they differ.
 * @returns the names of those that may not be served because of it.
 */
export async function pinnedOtherwise(
  deps: CompareListDeps,
  pins: PinIndex,
  newcomers: readonly LiveDefinition[],
): Promise<readonly string[]> {
  const changes: PinChange[] = [];
  const blocked: string[] = [];
  for (const live of newcomers) {
    const pin = pins.get(live.settings.name, live.kind, live.name);
    if (pin === undefined || pin.digest === digestOf(live.kind, live.document)) continue;
    const comparison = compareDefinition(deps, pins, live);
    if (comparison.change !== undefined) changes.push(comparison.change);
    if (comparison.servedDigest === undefined) blocked.push(live.name);
  }
  if (changes.length > 0) {
    await deps.store.apply(changes);
    await deps.current.reload();
  }
  return blocked;
}
