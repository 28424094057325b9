/**
 * An immutable index of the pins, which finds the definition that a target means. Built when pins or servers change.
 */
import {
  uriFault,
  type Definition,
  type DefinitionKind,
  type PendingDigest,
  type Pin,
  type Target,
} from '@sallyport/guard';
import { DEFINITION_KINDS } from '@sallyport/server/mcp/lists';
import type { ServerSettings } from '../../snapshot.ts';
import { documentBytes } from './definition-bytes.ts';
import { definitionKey } from './definition-key.ts';
import { digestOf } from './digest.ts';
import { createLooksListed, type LooksListed } from './resource-look-alikes.ts';
import { compileTemplate, createTemplateMatcher, type TemplatePart } from './template.ts';

/** What a pin store held at one version. */
export interface StoredPins {
  readonly version: number;
  readonly pins: readonly Pin[];
  readonly pending: readonly PendingDigest[];
}

/**
 * Who approved a definition that only the session of a caller showed, such as a tool that the caller enabled there. It
 * is pinned for want of a better view, and the gateway's own view replaces it (B11).
 */
export const FIRST_USE_OF_CALLER = 'first_use_of_caller';

/** The pins of the configured servers at one version of the store. */
export interface PinIndex {
  /** The version of the store that the index was built from. */
  readonly version: number;
  /** The pinned definition that a target means. A resource may be an instance of a pinned template. */
  find(target: Target): Definition | undefined;
  get(server: string, kind: DefinitionKind, name: string): Definition | undefined;
  /** All pinned definitions of a server and kind, by name. */
  ofKind(server: string, kind: DefinitionKind): ReadonlyMap<string, Definition>;
  /** Whether a pin was made by what a caller's session showed, and by nothing else since. */
  isFromCaller(server: string, kind: DefinitionKind, name: string): boolean;
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
  readonly looksListed: LooksListed;
}

const NONE: ReadonlyMap<string, Definition> = new Map();

/** @param servers the configured servers: pins of other servers, and of tools that are not allowed, are left out. */
export function buildPinIndex(stored: StoredPins, servers: readonly ServerSettings[]): PinIndex {
  const byServer = groupByServer(stored.pins, servers);
  const fromCallers = new Set(
    stored.pins
      .filter(({ approvedBy }) => approvedBy === FIRST_USE_OF_CALLER)
      .map(({ server, kind, name }) => definitionKey(server, kind, name)),
  );
  const pending = new Map(stored.pending.map((one) => [definitionKey(one.server, one.kind, one.name), one]));
  const ofKind = (server: string, kind: DefinitionKind): ReadonlyMap<string, Definition> =>
    byServer.get(server)?.byKind.get(kind) ?? NONE;
  return {
    version: stored.version,
    find: (target) => findTarget(byServer, target),
    get: (server, kind, name) => ofKind(server, kind).get(name),
    ofKind,
    isFromCaller: (server, kind, name) => fromCallers.has(definitionKey(server, kind, name)),
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
    const definition: Definition = {
      server,
      kind,
      name,
      document,
      // What is pinned of a server has grown since the first releases: their digests are made again.
      digest: kind === 'server' ? digestOf(kind, document) : digest,
      labels: settings.labels,
    };
    group.byKind.get(kind)?.set(name, definition);
    const parts = kind === 'resource_template' ? compileTemplate(name) : undefined;
    if (parts !== undefined) group.templates.push({ definition, parts });
  }
  return groups;
}

function noPins(): ServerPins {
  const resources = new Map<string, Definition>();
  return {
    byKind: new Map(
      DEFINITION_KINDS.map((kind) => [kind, kind === 'resource' ? resources : new Map<string, Definition>()]),
    ),
    templates: [],
    looksListed: createLooksListed(resources),
  };
}

function findTarget(byServer: ReadonlyMap<string, ServerPins>, target: Target): Definition | undefined {
  if (target.kind === 'gateway' || target.kind === 'servers' || target.kind === 'task' || target.kind === 'unknown')
    return undefined;
  const pins = byServer.get(target.server);
  const exact = pins?.byKind.get(target.kind)?.get(target.name);
  if (exact !== undefined || target.kind !== 'resource') return exact;
  if (pins === undefined || uriFault(target.name) !== undefined) return undefined;
  const matches = createTemplateMatcher(target.name);
  const template = pins.templates.find(({ parts }) => matches(parts));
  return template !== undefined && pins.looksListed(target.name) ? undefined : template?.definition;
}
