/** Pinned definitions by server, kind and name: built when the pins change, read by every call. */
import type { Definition, DefinitionKind, Pin, PinStore, Target } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import { driftKey } from '../pins/drift.ts';
import { compileTemplate, matchesTemplate } from './template.ts';

type Template = { readonly definition: Definition; readonly parts: NonNullable<ReturnType<typeof compileTemplate>> };

interface Shelf {
  readonly byKind: ReadonlyMap<DefinitionKind, Map<string, Definition>>;
  readonly templates: Template[];
}

export interface PinIndex {
  get(server: string, kind: DefinitionKind, name: string): Definition | undefined;
  of(server: string, kind: DefinitionKind): ReadonlyMap<string, Definition>;
  /** The pinned definition that a target means; a resource may be an instance of a pinned template. */
  find(target: Target): Definition | undefined;
  /** The digest of what waits for approval under this name. */
  pendingDigest(server: string, kind: DefinitionKind, name: string): string | undefined;
  /** How many of a server and kind wait for approval. */
  waiting(server: string, kind: DefinitionKind): number;
  /** Changes with the pins. */
  version(): number;
  /** Looks again at once: this process has just written a pin. */
  refresh(): void;
}

export const KINDS: readonly DefinitionKind[] = ['tool', 'prompt', 'resource', 'resource_template', 'server'];
const EMPTY: ReadonlyMap<string, Definition> = new Map();
/** How often another process may have approved something without this one noticing. */
const LOOK_MS = 50;

export function createPinIndex(pins: PinStore, servers: () => readonly ServerSettings[]): PinIndex {
  let shelves = new Map<string, Shelf>();
  let pending = new Map<string, string>();
  let settings: readonly ServerSettings[] = [];
  let version = Number.NaN;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const current = (): Map<string, Shelf> => {
    const now = performance.now();
    if (now - lookedAt < LOOK_MS && settings === servers()) return shelves;
    lookedAt = now;
    const latest = pins.version();
    if (latest !== version || settings !== servers()) {
      [version, settings] = [latest, servers()];
      shelves = buildShelves(pins.pins(), settings);
      pending = new Map(pins.pending().map(({ server, kind, name, digest }) => [driftKey(server, kind, name), digest]));
    }
    return shelves;
  };
  const of = (server: string, kind: DefinitionKind): ReadonlyMap<string, Definition> =>
    current().get(server)?.byKind.get(kind) ?? EMPTY;
  return {
    of,
    get: (server, kind, name) => of(server, kind).get(name),
    find: (target) => find(current(), target),
    pendingDigest: (server, kind, name) => (current(), pending.get(driftKey(server, kind, name))),
    waiting: (server, kind) => {
      current();
      const prefix = driftKey(server, kind, '');
      return [...pending.keys()].filter((key) => key.startsWith(prefix)).length;
    },
    version: () => {
      current();
      return version;
    },
    refresh: () => {
      lookedAt = Number.NEGATIVE_INFINITY;
    },
  };
}

function buildShelves(rows: readonly Pin[], settings: readonly ServerSettings[]): Map<string, Shelf> {
  const known = new Map(settings.map((server) => [server.name, server]));
  const shelves = new Map<string, Shelf>();
  for (const { server, kind, name, digest, document } of rows) {
    const owner = known.get(server);
    if (owner === undefined || (kind === 'tool' && owner.allowTools?.includes(name) === false)) continue;
    let shelf = shelves.get(server);
    if (shelf === undefined)
      shelves.set(
        server,
        (shelf = { byKind: new Map(KINDS.map((one) => [one, new Map<string, Definition>()])), templates: [] }),
      );
    const definition: Definition = { server, kind, name, document, digest, labels: owner.labels };
    shelf.byKind.get(kind)?.set(name, definition);
    const parts = kind === 'resource_template' ? compileTemplate(name) : undefined;
    if (parts !== undefined) shelf.templates.push({ definition, parts });
  }
  return shelves;
}

function find(shelves: ReadonlyMap<string, Shelf>, target: Target): Definition | undefined {
  if (target.kind === 'gateway' || target.kind === 'servers' || target.kind === 'task' || target.kind === 'unknown')
    return undefined;
  const shelf = shelves.get(target.server);
  const exact = shelf?.byKind.get(target.kind)?.get(target.name);
  if (exact !== undefined || target.kind !== 'resource') return exact;
  return shelf?.templates.find(({ parts }) => matchesTemplate(parts, target.name))?.definition;
}
