/**
 * An immutable index of the pins, which finds the definition that a target means. Built when pins or servers change.
 */
import type { Definition, DefinitionKind, PendingDigest, Pin, Target } from '@sallyport/guard';
import { DEFINITION_KINDS } from '../../mcp/lists.ts';
import type { ServerSettings } from '../../snapshot.ts';
import { documentBytes } from './definition-bytes.ts';
import { definitionKey } from './definition-key.ts';
import { compileTemplate, matchesTemplate, type TemplatePart } from './template.ts';

/** What a pin store held at one version. */
export interface StoredPins {
  readonly version: number;
  readonly pins: readonly Pin[];
  readonly pending: readonly PendingDigest[];
}

/** The pins of the configured servers at one version of the store. */
export interface PinIndex {
  /** The version of the store that the index was built from. */
  readonly version: number;
  /** The pinned definition that a target means. A resource may be an instance of a pinned template. */
  find(target: Target): Definition | undefined;
  get(server: string, kind: DefinitionKind, name: string): Definition | undefined;
  /** All pinned definitions of a server and kind, by name. */
  ofKind(server: string, kind: DefinitionKind): ReadonlyMap<string, Definition>;
  /** The digest of the definition that waits for approval under this name. */
  pendingDigest(server: string, kind: DefinitionKind, name: string): string | undefined;
  /** Length of the document that waits for approval under this name; 0 when none does. */
  pendingBytes(server: string, kind: DefinitionKind, name: string): number;
  /** Length of all documents of a server that are pinned or wait for approval; of all servers when left out. */
  keptBytes(server?: string): number;
  /** How many definitions of a server and kind wait for approval. */
  pendingCount(server: string, kind: DefinitionKind): number;
}

interface ServerPins {
  readonly byKind: ReadonlyMap<DefinitionKind, Map<string, Definition>>;
  readonly templates: { readonly definition: Definition; readonly parts: readonly TemplatePart[] }[];
}

const NONE: ReadonlyMap<string, Definition> = new Map();

/** @param servers the configured servers: pins of other servers, and of tools that are not allowed, are left out. */
export function buildPinIndex(stored: StoredPins, servers: readonly ServerSettings[]): PinIndex {
  const byServer = groupByServer(stored.pins, servers);
  const pending = new Map(stored.pending.map((one) => [definitionKey(one.server, one.kind, one.name), one]));
  const ofKind = (server: string, kind: DefinitionKind): ReadonlyMap<string, Definition> =>
    byServer.get(server)?.byKind.get(kind) ?? NONE;
  return {
    version: stored.version,
    find: (target) => findTarget(byServer, target),
    get: (server, kind, name) => ofKind(server, kind).get(name),
    ofKind,
    pendingDigest: (server, kind, name) => pending.get(definitionKey(server, kind, name))?.digest,
    pendingBytes: (server, kind, name) => pending.get(definitionKey(server, kind, name))?.documentBytes ?? 0,
    keptBytes: (server) =>
      sumOf(
        stored.pins.filter((pin) => server === undefined || pin.server === server),
        ({ document }) => documentBytes(document),
      ) +
      sumOf(
        stored.pending.filter((one) => server === undefined || one.server === server),
        (one) => one.documentBytes,
      ),
    pendingCount(server, kind) {
      const prefix = definitionKey(server, kind, '');
      return [...pending.keys()].filter((key) => key.startsWith(prefix)).length;
    },
  };
}

const sumOf = <T>(items: readonly T[], bytesOf: (item: T) => number): number =>
  items.reduce((sum, item) => sum + bytesOf(item), 0);

function groupByServer(pins: readonly Pin[], servers: readonly ServerSettings[]): ReadonlyMap<string, ServerPins> {
  const settingsOf = new Map(servers.map((server) => [server.name, server]));
  const groups = new Map<string, ServerPins>();
  for (const { server, kind, name, digest, document } of pins) {
    const settings = settingsOf.get(server);
    if (settings === undefined || (kind === 'tool' && settings.allowTools?.includes(name) === false)) continue;
    const group = groups.get(server) ?? noPins();
    groups.set(server, group);
    const definition: Definition = { server, kind, name, document, digest, labels: settings.labels };
    group.byKind.get(kind)?.set(name, definition);
    const parts = kind === 'resource_template' ? compileTemplate(name) : undefined;
    if (parts !== undefined) group.templates.push({ definition, parts });
  }
  return groups;
}

const noPins = (): ServerPins => ({
  byKind: new Map(DEFINITION_KINDS.map((kind) => [kind, new Map<string, Definition>()])),
  templates: [],
});

function findTarget(byServer: ReadonlyMap<string, ServerPins>, target: Target): Definition | undefined {
  if (target.kind === 'gateway' || target.kind === 'servers' || target.kind === 'task' || target.kind === 'unknown')
    return undefined;
  const pins = byServer.get(target.server);
  const exact = pins?.byKind.get(target.kind)?.get(target.name);
  if (exact !== undefined || target.kind !== 'resource') return exact;
  return pins?.templates.find(({ parts }) => matchesTemplate(parts, target.name))?.definition;
}
