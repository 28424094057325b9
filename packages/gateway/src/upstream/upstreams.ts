/**
 * Everything behind the guard: the servers, what is pinned of them, and the way there. Nothing is sent without a permit;
 * discovery at start is a set of calls like any other, made by the gateway itself.
 */
import { isObject, type Catalog, type Definition, type DefinitionKind, type SendUpstream } from '@sallyport/guard';
import type { ServerDirectory, ServerSettings } from '../snapshot.ts';
import type { CallDeps } from './calls/run.ts';
import { ownCapabilities } from './client-requests/capabilities.ts';
import { createSubscribers } from './notifications/subscribers.ts';
import { endParked } from './calls/parked.ts';
import { createLevels } from './notifications/log-levels.ts';
import { reopen } from './calls/reopen.ts';
import { send } from './calls/send.ts';
import { createServerInitiated } from './notifications/server-initiated.ts';
import { createUpstreamSubscriptions, type UpstreamSubscriptions } from './notifications/upstream-subscriptions.ts';
import { createCatalog } from './pins/catalog.ts';
import { observerOf } from './pins/verify.ts';
import type { UpstreamDeps } from './deps.ts';
import { reasonOf } from './transports/failure.ts';
import { gatewayRequest } from './transports/transport.ts';
import { LIST_METHODS } from '../mcp/lists.ts';
import { createBackoff } from './sessions/backoff.ts';
import { createSessionPool, type SessionPool } from './sessions/pool.ts';
import type { UpstreamSession } from './sessions/session.ts';

export type { ClientRequest, UpstreamDeps, UpstreamEvent } from './deps.ts';

/** What the gateway asks of every server at start, in this order; each is a guarded call with `credentials: {kind: 'gateway'}`. */
export const discoveryMethods: readonly string[] = LIST_METHODS;

export interface UpstreamStats {
  /** Open sessions and child processes, by server. */
  readonly links: Readonly<Record<string, number>>;
  /** Calls of modern clients that wait for input. */
  readonly held: number;
  /** Listening callers. */
  readonly listeners: number;
}

export type DiscoveryRun = (server: string, method: string) => Promise<unknown>;

export interface Upstreams {
  /** Reads the pins. Wait for it before the first call: until then every target is refused. */
  loadPins(): Promise<void>;
  readonly send: SendUpstream;
  readonly catalog: Catalog;
  readonly view: ServerDirectory;
  /** Everything that is pinned of a server. */
  definitionsOf(server: string): readonly Definition[];
  /**
   * Asks servers for their definitions, side by side. @param run puts one discovery call through the guard:
   * `{method, target: {kind: 'servers', servers: [server]}, credentials: {kind: 'gateway', tenant: '_'}}`. @param only names of
   * servers; all when left out. Never rejects.
   */
  discover(run: DiscoveryRun, only?: readonly string[]): Promise<void>;
  /** By server: why it could not be reached within the last half minute, or `undefined`. */
  ready(): Record<string, string | undefined>;
  stats(): UpstreamStats;
  /** Ends every link, child process and held call. */
  close(): Promise<void>;
}

export function createUpstreams(deps: UpstreamDeps): Upstreams {
  const ears = createSubscribers();
  const stopping = new AbortController();
  const endings = createBackoff(deps.clock);
  const watches = createUpstreamSubscriptions();
  const definitions = createCatalog({
    ...deps,
    changed: (server: string, kind: DefinitionKind) => ears.changed(server, kind),
  });
  const links: SessionPool = createSessionPool({
    clock: deps.clock,
    log: deps.log,
    environment: deps.environment,
    servers: deps.servers,
    serverInitiated: (settings, owner, traffic) =>
      createServerInitiated({ ...deps, subscribers: ears }, settings, owner, traffic),
    hasSubscribers: ({ settings, owner }) => ears.has(settings.name, owner),
  });
  const capabilities = (settings: ServerSettings) => ownCapabilities(settings.clientRequests);
  const looker = { clock: deps.clock, definitions, capabilities };
  const bridge: CallDeps = {
    ...deps,
    links,
    definitions,
    verifier: looker,
    ears,
    held: new Map(),
    levels: createLevels(),
  };
  links.onOpened((seat) => settle(bridge, seat, watches));
  links.onLost((seat) => void reopen(bridge, seat, { endings, stopping: stopping.signal }).catch(() => undefined));
  return {
    loadPins: async () => void (await definitions.freshPins()),
    send: (permit, relay) => send(bridge, watches, permit, relay),
    catalog: { find: definitions.find },
    view: viewOf(bridge),
    definitionsOf: definitions.definitionsOf,
    discover: (run, only) => discoverAll(bridge, run, only ?? deps.servers().map(({ name }) => name)),
    ready: () => Object.fromEntries(deps.servers().map(({ name }) => [name, links.lastFailure(name)])),
    stats: () => ({
      links: Object.fromEntries(deps.servers().map(({ name }) => [name, links.count(name)])),
      held: bridge.held.size,
      listeners: ears.size,
    }),
    close: async () => {
      stopping.abort();
      watches.close();
      definitions.close();
      endParked(bridge.held);
      await links.close();
    },
  };
}

/** A new link: its server's face is learned, and the wishes of its owner are told to it. */
async function settle(bridge: CallDeps, seat: UpstreamSession, watches: UpstreamSubscriptions): Promise<void> {
  const { settings, connection: link, owner } = seat;
  await bridge.definitions.learnProfile(settings, link.profile, observerOf(seat));
  if (owner === undefined) return;
  watches.refresh(bridge, settings.name, owner);
  const level = bridge.levels.get(owner);
  if (level === undefined || link.era !== 'legacy' || !isObject(link.profile.capabilities['logging'])) return;
  link
    .request(gatewayRequest('logging/setLevel', { level }, settings.timeoutMs, 64 * 1024))
    .catch(() => bridge.log('debug', 'a server did not take a log level', { server: settings.name }));
}

async function discoverAll(bridge: CallDeps, run: DiscoveryRun, names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      for (const method of discoveryMethods) {
        try {
          await run(name, method);
        } catch (thrown) {
          bridge.log('warn', 'a server could not be discovered', { server: name, why: reasonOf(thrown) });
        }
        // A server that cannot be reached for the first list cannot be reached for the others either.
        if (bridge.links.lastFailure(name) !== undefined) return;
      }
    }),
  );
}

/** Until a server was reached, it may have anything: an edge that promised less would have to take it back. */
const GUESS = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
};

function viewOf({ servers, definitions }: CallDeps): ServerDirectory {
  let known: readonly ServerSettings[] = [];
  let names: readonly string[] = [];
  return {
    // Asked with every call, and the same until the configuration changes.
    servers() {
      if (servers() !== known) names = (known = servers()).map(({ name }) => name).sort();
      return names;
    },
    profile: (server) => {
      if (!servers().some(({ name }) => name === server)) return undefined;
      return (
        definitions.profile(server) ?? {
          serverInfo: { name: server, version: '0' },
          capabilities: GUESS,
          instructions: undefined,
        }
      );
    },
  };
}
