/** The catalogue: what is pinned, what is served of it, and what happens when a server shows something else. */
import type { Catalog, Definition, DefinitionKind, JsonObject, PendingPin, Target } from '@sallyport/guard';
import { canonicalize } from '@sallyport/guard/json';
import type { ServerFace, ServerSettings } from '../../snapshot.ts';
import type { UpstreamDeps } from '../deps.ts';
import { isObject } from '../wire/message.ts';
import { digestOf } from './digest.ts';
import { createDrift, driftKey, type Drift } from './drift.ts';
import { createPinIndex, KINDS, type PinIndex } from './index.ts';
import { LISTED } from './read-list.ts';
import { screenNames } from './screen.ts';

export interface Definitions extends Catalog {
  /**
   * Compares what a server listed with the pins. @param observer who saw it (link or principal).
   * @returns the names that may be served, with their digests, in the server's order.
   */
  judge(settings: ServerSettings, kind: DefinitionKind, documents: readonly JsonObject[], observer: string): ReadonlyMap<string, string>;
  pinned(server: string, kind: DefinitionKind, name: string): Definition | undefined;
  /** Everything that is pinned of a server, of every kind. */
  all(server: string): readonly Definition[];
  /** True while somebody sees this definition differ from its pin. */
  drifts(server: string, kind: DefinitionKind, name: string): boolean;
  learnFace(settings: ServerSettings, face: ServerFace, observer: string): void;
  /** The pinned words of a server; `undefined` when it was never reached. */
  face(server: string): ServerFace | undefined;
  version(): number;
}

interface Room extends Pick<UpstreamDeps, 'servers' | 'pins' | 'clock' | 'log' | 'report'> {
  readonly index: PinIndex;
  readonly drift: Drift;
  /** What was withheld and said so, to say it once. */
  readonly told: Set<string>;
  /** Faces of servers whose words are not approved yet: their capabilities are facts, their words are not passed on. */
  readonly faces: Map<string, ServerFace>;
  changed(server: string, kind: DefinitionKind): void;
}

const TOLD_MAX = 10_000;

export type CatalogDeps = Pick<UpstreamDeps, 'servers' | 'pins' | 'clock' | 'log' | 'report'> & {
  /** What is served of this kind is not what it was: listeners are told. */
  changed(server: string, kind: DefinitionKind): void;
};

export function createCatalog(deps: CatalogDeps): Definitions {
  const room: Room = { ...deps, index: createPinIndex(deps.pins, deps.servers), drift: createDrift(), told: new Set(), faces: new Map() };
  return {
    find: (target: Target) => room.index.find(target),
    judge: (settings, kind, documents, observer) => judge(room, settings, kind, { documents, observer }),
    pinned: (server, kind, name) => room.index.get(server, kind, name),
    all: (server) => KINDS.flatMap((kind) => [...room.index.of(server, kind).values()]),
    drifts: (server, kind, name) => room.drift.has(driftKey(server, kind, name)),
    learnFace: (settings, face, observer) => learnFace(room, settings, face, observer),
    face: (server) => faceOf(room, server),
    version: () => room.index.version(),
  };
}

interface Listed {
  readonly documents: readonly JsonObject[];
  readonly observer: string;
}

function judge(room: Room, settings: ServerSettings, kind: DefinitionKind, { documents, observer }: Listed): ReadonlyMap<string, string> {
  const served = new Map<string, string>();
  const listed = LISTED.get(kind);
  if (listed === undefined) return served;
  const { nameOf, max } = listed;
  const wanted = documents.filter((document) => !(kind === 'tool' && settings.allowTools?.includes(String(nameOf(document))) === false));
  const pinned = room.index.of(settings.name, kind);
  const screened = screenNames({ kind, documents: wanted, nameOf, pinned, servers: room.servers().map(({ name }) => name) });
  for (const { name, reason } of screened.withheld) withhold(room, settings.name, kind, { name, reason });
  let changed = false;
  // A server that lists other names each time would fill the database; what is pinned already is served all the same.
  let free = max - pinned.size;
  for (const [name, document] of screened.good) {
    if (!pinned.has(name) && free-- <= 0) {
      withhold(room, settings.name, kind, { name, reason: `${max} are pinned already` });
      continue;
    }
    const { fit, news } = compare(room, { settings, kind, name, document, observer }, pinned.get(name));
    changed ||= news;
    if (fit !== undefined) served.set(name, fit);
  }
  // Once, not after each: the lookups above must all have been made against the same pins, and cheaply.
  room.index.refresh();
  if (changed) room.changed(settings.name, kind);
  return served;
}

function withhold(room: Room, server: string, definition: DefinitionKind, { name, reason }: { name: string; reason: string }): void {
  const key = `${driftKey(server, definition, name)} ${reason}`;
  if (room.told.has(key)) return;
  if (room.told.size >= TOLD_MAX) room.told.clear();
  room.told.add(key);
  const shown = name.replace(/[^\x20-\x7e]/g, '?').slice(0, 128);
  room.log('warn', 'a definition is withheld', { server, kind: definition, name: shown, reason });
  room.report({ kind: 'withheld', server, definition, name: shown, reason });
}

interface Seen {
  readonly settings: ServerSettings;
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly document: JsonObject;
  readonly observer: string;
}

/** @returns the digest when the definition may be served, and whether what is served changed by this. */
function compare(room: Room, { settings, kind, name, document, observer }: Seen, pin: Definition | undefined): { fit: string | undefined; news: boolean } {
  const server = settings.name;
  const digest = digestOf(kind, document);
  const key = driftKey(server, kind, name);
  const now = room.clock.now();
  if (pin === undefined && settings.pin === 'approval') {
    suspend(room, { server, kind, name, digest, document, seenAt: now });
    return { fit: undefined, news: false };
  }
  // Another process may have pinned another definition since the pins were read: then that one is the first.
  const { digest: pinned } = pin ?? room.pins.pinFirst({ server, kind, name, digest, document, approvedAt: now, approvedBy: 'first_use' });
  if (pin === undefined && pinned === digest) return { fit: digest, news: true };
  if (pinned !== digest) {
    const news = room.drift.mark(key, observer, digest);
    if (!news) return { fit: undefined, news };
    suspend(room, { server, kind, name, digest, document, seenAt: now });
    room.report({ kind: 'drift', server, definition: kind, name, pinned, seen: digest });
    return { fit: undefined, news };
  }
  if (!room.drift.clear(key, observer, digest)) return { fit: room.drift.has(key) ? undefined : digest, news: false };
  room.report({ kind: 'restored', server, definition: kind, name });
  return { fit: digest, news: true };
}

/** Filing the same text again would only make every reader of the pins look again. */
function suspend(room: Room, pending: PendingPin): void {
  const { server, kind, name, digest } = pending;
  if (room.index.pendingDigest(server, kind, name) === digest) return;
  room.pins.suspend(pending);
}

function learnFace(room: Room, settings: ServerSettings, face: ServerFace, observer: string): void {
  const { serverInfo, capabilities, instructions } = face;
  room.faces.set(settings.name, { serverInfo: { name: settings.name, version: '0' }, capabilities, instructions: undefined });
  const document: JsonObject = { serverInfo, capabilities, ...(instructions === undefined ? {} : { instructions }) };
  const pin = room.index.get(settings.name, 'server', '');
  const { fit } = compare(room, { settings, kind: 'server', name: '', document, observer }, pin);
  room.index.refresh();
  const text = canonicalize(document);
  if (fit === undefined || pin === undefined || canonicalize(pin.document) === text || room.told.has(text)) return;
  // Same words, other facts: the pin's document carries the facts over a restart. Written once each, because a server
  // that shows two faces in turn would otherwise make everybody read the pins anew with every link.
  room.told.add(text);
  const row = room.pins.pins().find(({ server, kind }) => server === settings.name && kind === 'server');
  if (row === undefined) return;
  room.pins.approve({ ...row, document });
  room.index.refresh();
}

function faceOf(room: Room, server: string): ServerFace | undefined {
  const document = room.index.get(server, 'server', '')?.document;
  if (document === undefined) return room.faces.get(server);
  const { serverInfo, capabilities, instructions } = document;
  return {
    serverInfo: isObject(serverInfo) ? serverInfo : { name: server, version: '0' },
    capabilities: room.faces.get(server)?.capabilities ?? (isObject(capabilities) ? capabilities : {}),
    instructions: typeof instructions === 'string' ? instructions : undefined,
  };
}
