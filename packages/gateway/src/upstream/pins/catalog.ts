/** The catalogue: what is pinned, what is served of it, and what happens when a server shows something else. */
import {
  isObject,
  type Catalog,
  type Definition,
  type DefinitionKind,
  type JsonObject,
  type PendingPin,
  type Target,
} from '@sallyport/guard';
import { canonicalize } from '@sallyport/guard/json';
import type { ServerProfile, ServerSettings } from '../../snapshot.ts';
import type { UpstreamDeps } from '../deps.ts';
import { digestOf } from './digest.ts';
import { createDrift, driftKey, type Drift } from './drift.ts';
import { createPinIndex, KINDS, type PinIndex } from './pin-index.ts';
import { DEFINITIONS_MAX } from './read-list.ts';
import { screenNames } from './screen.ts';
import { LISTS } from '../../mcp/lists.ts';

export interface PinCatalog extends Catalog {
  /**
   * Compares what a server listed with the pins. @param observer who saw it (link or principal).
   * @returns the names that may be served, with their digests, in the server's order.
   */
  compareList(
    settings: ServerSettings,
    kind: DefinitionKind,
    documents: readonly JsonObject[],
    observer: string,
  ): ReadonlyMap<string, string>;
  pinned(server: string, kind: DefinitionKind, name: string): Definition | undefined;
  /** Everything that is pinned of a server, of every kind. */
  all(server: string): readonly Definition[];
  /** True while somebody sees this definition differ from its pin. */
  isDrifting(server: string, kind: DefinitionKind, name: string): boolean;
  learnProfile(settings: ServerSettings, profile: ServerProfile, observer: string): void;
  /** The pinned words of a server; `undefined` when it was never reached. */
  face(server: string): ServerProfile | undefined;
  version(): number;
}

interface Room extends Pick<UpstreamDeps, 'servers' | 'pins' | 'clock' | 'log' | 'report'> {
  readonly index: PinIndex;
  readonly drift: Drift;
  /** What was withheld and said so, to say it once. */
  readonly told: Set<string>;
  /** Faces of servers whose words are not approved yet: their capabilities are facts, their words are not passed on. */
  readonly faces: Map<string, ServerProfile>;
  changed(server: string, kind: DefinitionKind): void;
}

const TOLD_MAX = 10_000;
/** Of one list: a server that makes up names must not fill the log with them. */
const SAID_MAX = 20;

export type CatalogDeps = Pick<UpstreamDeps, 'servers' | 'pins' | 'clock' | 'log' | 'report'> & {
  /** What is served of this kind is not what it was: listeners are told. */
  changed(server: string, kind: DefinitionKind): void;
};

export function createCatalog(deps: CatalogDeps): PinCatalog {
  const room: Room = {
    ...deps,
    index: createPinIndex(deps.pins, deps.servers),
    drift: createDrift(),
    told: new Set(),
    faces: new Map(),
  };
  return {
    find: (target: Target) => room.index.find(target),
    compareList: (settings, kind, documents, observer) => judge(room, settings, kind, { documents, observer }),
    pinned: (server, kind, name) => room.index.get(server, kind, name),
    all: (server) => KINDS.flatMap((kind) => [...room.index.of(server, kind).values()]),
    isDrifting: (server, kind, name) => room.drift.has(driftKey(server, kind, name)),
    learnProfile: (settings, face, observer) => learnFace(room, settings, face, observer),
    face: (server) => faceOf(room, server),
    version: () => room.index.version(),
  };
}

interface Listed {
  readonly documents: readonly JsonObject[];
  readonly observer: string;
}

function judge(
  room: Room,
  settings: ServerSettings,
  kind: DefinitionKind,
  { documents, observer }: Listed,
): ReadonlyMap<string, string> {
  const served = new Map<string, string>();
  if (kind === 'server') return served;
  const nameOf = (document: JsonObject): unknown => document[LISTS[kind].identifier];
  const max = DEFINITIONS_MAX[kind];
  const wanted = documents.filter(
    (document) => !(kind === 'tool' && settings.allowTools?.includes(String(nameOf(document))) === false),
  );
  const pinned = room.index.of(settings.name, kind);
  const screened = screenNames({
    kind,
    documents: wanted,
    nameOf,
    pinned,
    servers: room.servers().map(({ name }) => name),
  });
  const withheld = [...screened.withheld];
  // D2: what is pinned or waits is kept for ever, so a server that lists ever new names is given so many places.
  let places = max - (settings.pin === 'approval' ? room.index.waiting(settings.name, kind) : pinned.size);
  const writes: (() => void)[] = [];
  const firsts: Seen[] = [];
  let changed = false;
  for (const [name, document] of screened.good) {
    const pin = pinned.get(name);
    if (pin === undefined && room.index.pendingDigest(settings.name, kind, name) === undefined && places-- <= 0) {
      withheld.push({ name, reason: 'too many definitions are pinned or wait for approval' });
      continue;
    }
    const seen: Seen = { settings, kind, name, document, observer, write: (act) => writes.push(act) };
    const { fit, news } = compare(room, seen, pin);
    changed ||= news;
    if (fit !== undefined) served.set(name, fit);
    if (pin === undefined) firsts.push(seen);
  }
  for (const one of withheld.slice(0, SAID_MAX)) withhold(room, settings.name, kind, one);
  if (withheld.length > SAID_MAX) withhold(room, settings.name, kind, { name: '', reason: 'and more' });
  if (writes.length > 0)
    room.pins.transaction(() => {
      for (const write of writes) write();
    });
  // Once, not after each: the lookups above must all have been made against the same pins, and cheaply.
  room.index.refresh();
  for (const seen of firsts) if (!wasFirst(room, seen)) served.delete(seen.name);
  if (changed) room.changed(settings.name, kind);
  return served;
}

function withhold(
  room: Room,
  server: string,
  definition: DefinitionKind,
  { name, reason }: { name: string; reason: string },
): void {
  const key = `${driftKey(server, definition, name)} ${reason}`;
  if (room.told.has(key)) return;
  remember(room, key);
  const shown = name.replace(/[^\x20-\x7e]/g, '?').slice(0, 128);
  room.log('warn', 'a definition is withheld', { server, kind: definition, name: shown, reason });
  room.report({ kind: 'withheld', server, definition, name: shown, reason });
}

function remember({ told }: Room, key: string): void {
  if (told.size >= TOLD_MAX) told.clear();
  told.add(key);
}

interface Seen {
  readonly settings: ServerSettings;
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly document: JsonObject;
  readonly observer: string;
  /** A write to the pins: at once, or together with those of the same list. */
  readonly write: (act: () => void) => void;
}

/** @returns the digest when the definition may be served, and whether what is served changed by this. */
function compare(
  room: Room,
  { settings, kind, name, document, observer, write }: Seen,
  pin: Definition | undefined,
): { fit: string | undefined; news: boolean } {
  const server = settings.name;
  const digest = digestOf(kind, document);
  const key = driftKey(server, kind, name);
  const now = room.clock.now();
  if (pin === undefined && settings.pin === 'approval') {
    suspend(room, { server, kind, name, digest, document, seenAtMs: now }, write);
    return { fit: undefined, news: false };
  }
  if (pin === undefined) {
    write(
      () =>
        void room.pins.pinIfAbsent({
          server,
          kind,
          name,
          digest,
          document,
          approvedAtMs: now,
          approvedBy: 'first_use',
        }),
    );
    return { fit: digest, news: true };
  }
  if (pin.digest !== digest) {
    const news = room.drift.mark(key, observer, digest);
    if (!news) return { fit: undefined, news };
    suspend(room, { server, kind, name, digest, document, seenAtMs: now }, write);
    room.report({ kind: 'drift', server, definition: kind, name, pinned: pin.digest, seen: digest });
    return { fit: undefined, news };
  }
  if (!room.drift.clear(key, observer, digest)) return { fit: room.drift.has(key) ? undefined : digest, news: false };
  room.report({ kind: 'restored', server, definition: kind, name });
  return { fit: digest, news: true };
}

/** Another process may have pinned another definition since the pins were read: then that one is the first, and this one differs from it. */
function wasFirst(room: Room, seen: Seen): boolean {
  const pin = room.index.get(seen.settings.name, seen.kind, seen.name);
  return (
    pin === undefined ||
    pin.digest === digestOf(seen.kind, seen.document) ||
    compare(room, { ...seen, write: (act) => act() }, pin).fit !== undefined
  );
}

/** Filing the same text again would only make every reader of the pins look again. */
function suspend(room: Room, pending: PendingPin, write: Seen['write']): void {
  const { server, kind, name, digest } = pending;
  if (room.index.pendingDigest(server, kind, name) === digest) return;
  write(() => room.pins.savePending(pending));
}

function learnFace(room: Room, settings: ServerSettings, face: ServerProfile, observer: string): void {
  const { serverInfo, capabilities, instructions } = face;
  room.faces.set(settings.name, {
    serverInfo: { name: settings.name, version: '0' },
    capabilities,
    instructions: undefined,
  });
  const document: JsonObject = { serverInfo, capabilities, ...(instructions === undefined ? {} : { instructions }) };
  const pin = room.index.get(settings.name, 'server', '');
  const seen: Seen = { settings, kind: 'server', name: '', document, observer, write: (act) => act() };
  const { fit } = compare(room, seen, pin);
  room.index.refresh();
  if (pin === undefined) wasFirst(room, seen);
  const text = canonicalize(document);
  const key = `${settings.name} face ${digestOf('tool', document)}`;
  if (fit === undefined || pin === undefined || canonicalize(pin.document) === text || room.told.has(key)) return;
  // Same words, other facts: the pin's document carries the facts over a restart. Written once each, because a server
  // that shows two faces in turn would otherwise make everybody read the pins anew with every link.
  remember(room, key);
  const row = room.pins.pins().find(({ server, kind }) => server === settings.name && kind === 'server');
  if (row === undefined) return;
  room.pins.approve({ ...row, document });
  room.index.refresh();
}

function faceOf(room: Room, server: string): ServerProfile | undefined {
  const document = room.index.get(server, 'server', '')?.document;
  if (document === undefined) return room.faces.get(server);
  const { serverInfo, capabilities, instructions } = document;
  return {
    serverInfo: isObject(serverInfo) ? serverInfo : { name: server, version: '0' },
    capabilities: room.faces.get(server)?.capabilities ?? (isObject(capabilities) ? capabilities : {}),
    instructions: typeof instructions === 'string' ? instructions : undefined,
  };
}
