/** What is pinned of the configured servers: which definitions may be served, and how live ones compare with them. */
import type { Catalog, Definition, DefinitionKind, JsonObject, MaybePromise, ShareHolder } from '@sallyport/guard';
import { DEFINITION_KINDS } from '../../mcp/lists.ts';
import type { ServerProfile, ServerSettings } from '../../snapshot.ts';
import type { DefinitionsDeps } from '../deps.ts';
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
  /** The pins as they are now, at most 50 ms old: what is sent or listed is compared with these. */
  freshPins(): MaybePromise<PinIndex>;
  /**
   * Compares what a server listed with the pins, and pins what it may.
   * @param viewer who saw it: the principal of the session, or `*` for a session that all callers share.
   * @param owner whose session showed it; `undefined` for a session that all callers share.
   */
  compareList(
    settings: ServerSettings,
    kind: DefinitionKind,
    documents: readonly JsonObject[],
    viewer: string,
    owner: ShareHolder | undefined,
  ): Promise<ComparedList>;
  /** True while some viewer sees this definition differ from its pin. */
  isDrifting(server: string, kind: DefinitionKind, name: string): boolean;
  /** Compares what a server says about itself with its pin. @param viewer as in `compareList`. */
  learnProfile(settings: ServerSettings, profile: ServerProfile, viewer: string): Promise<void>;
  /** What a server says about itself, in the pinned words; `undefined` when it was never reached. */
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
  const current = createCurrentPins(deps.pins, servers, log);
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
    freshPins: current.fresh,
    compareList: (settings, kind, documents, viewer, owner) =>
      queued(settings.name, () => compareList(compareDeps, settings, kind, documents, viewer, owner)),
    isDrifting: (server, kind, name) => drift.has(definitionKey(server, kind, name)),
    learnProfile: (settings, profile, viewer) => queued(settings.name, () => profiles.learn(settings, profile, viewer)),
    profile: profiles.get,
    close: current.close,
  };
}
