/** What is pinned of the configured servers: which definitions may be served, and how live ones compare with them. */
import type { Catalog, Definition, DefinitionKind, JsonObject, MaybePromise, ShareHolder } from '@sallyport/guard';
import { DEFINITION_KINDS } from '@sallyport/server/mcp/lists';
import type { ServerProfile, ServerSettings } from '../../snapshot.ts';
import type { DefinitionsDeps } from '../deps.ts';
import { compareAndPinForCaller, compareForCaller } from './compare-for-caller.ts';
import { compareList, type ComparedList, type CompareListDeps } from './compare-list.ts';
import { createCurrentPins } from './current-pins.ts';
import { definitionKey } from './definition-key.ts';
import { createShownBytes } from './definition-bytes.ts';
import { createDrift } from './drift.ts';
import { createServerQueues } from './server-queues.ts';
import type { PinIndex } from './pin-index.ts';
import { createServerProfiles } from './server-profile.ts';
import { createWithheldReports } from './withheld.ts';

/** The pins of all configured servers, and what their live definitions showed. */
export interface PinCatalog extends Catalog {
  /** Everything that is pinned of a server, of every kind. */
  definitionsOf(server: string): readonly Definition[];
  /** Whether anything of a server is pinned. */
  isServed(server: string): boolean;
  /** The pins as they are now, at most 50 ms old: what is sent or listed is compared with these. */
  freshPins(): MaybePromise<PinIndex>;
  /** Compares what a server listed for the gateway itself with the pins, and pins what it may. */
  compareList(settings: ServerSettings, kind: DefinitionKind, documents: readonly JsonObject[]): Promise<ComparedList>;
  /** Compares what a server listed for one caller with the pins. Changes nothing. */
  compareForCaller(
    settings: ServerSettings,
    kind: DefinitionKind,
    documents: readonly JsonObject[],
  ): Promise<ComparedList>;
  /** The same, after the gateway has looked for itself: pins what only this caller is shown. */
  compareAndPinForCaller(
    settings: ServerSettings,
    kind: DefinitionKind,
    documents: readonly JsonObject[],
    owner: ShareHolder | undefined,
  ): Promise<ComparedList>;
  /** True while the gateway's own session sees this definition differ from its pin. */
  isDrifting(server: string, kind: DefinitionKind, name: string): boolean;
  /** Compares what a server says to the gateway about itself with its pin. */
  learnProfile(settings: ServerSettings, profile: ServerProfile): Promise<void>;
  /** What is pinned of what a server says about itself; `undefined` when nothing is. */
  profile(server: string): ServerProfile | undefined;
  /** Stops reading the pins. */
  close(): void;
}

/** What the catalog uses. */
export interface CatalogDeps extends DefinitionsDeps {
  /** What is served of this kind has changed. */
  changed(server: string, kind: DefinitionKind): void;
}

/** Reads the pins when they are first needed. */
export function createCatalog(deps: CatalogDeps): PinCatalog {
  const { servers, clock, log, report, changed } = deps;
  const current = createCurrentPins(deps.pins, servers, log, deps.outageMs);
  const drift = createDrift();
  const reportWithheld = createWithheldReports(log, report, deps.pins);
  const compareDeps: CompareListDeps = {
    servers,
    clock,
    report,
    changed,
    store: deps.pins,
    current,
    drift,
    reportWithheld,
    shownBytes: createShownBytes(),
  };
  const profiles = createServerProfiles(compareDeps);
  const queued = createServerQueues();
  return {
    find: (target) => current.index().find(target),
    definitionsOf: (server) => DEFINITION_KINDS.flatMap((kind) => [...current.index().ofKind(server, kind).values()]),
    isServed: (server) => DEFINITION_KINDS.some((kind) => current.index().ofKind(server, kind).size > 0),
    freshPins: current.fresh,
    compareList: (settings, kind, documents) =>
      queued(settings.name, () => compareList(compareDeps, settings, kind, documents)),
    compareForCaller: (settings, kind, documents) => compareForCaller(compareDeps, settings, kind, documents),
    compareAndPinForCaller: (settings, kind, documents, owner) =>
      queued(settings.name, () => compareAndPinForCaller(compareDeps, settings, kind, documents, owner)),
    isDrifting: (server, kind, name) => drift.has(definitionKey(server, kind, name)),
    learnProfile: (settings, profile) => queued(settings.name, () => profiles.learn(settings, profile)),
    profile: profiles.get,
    close: current.close,
  };
}
