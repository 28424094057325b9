/**
 * Everything behind the guard: the servers, their pinned definitions, and how calls reach them. Nothing is sent without
 * a permit.
 */
import { BoundedMap, type Catalog, type Definition, type MaybePromise, type SendUpstream } from '@sallyport/guard';
import type { ServerDirectory } from '../snapshot.ts';
import { createCallShares } from './calls/call-shares.ts';
import { createRequestStates } from '@sallyport/server/request-state';
import { createParkedCalls, type ParkedCalls } from './calls/parked/parked-calls.ts';
import { send, type SendDeps } from './calls/send.ts';
import { gatewayCapabilities } from './client-requests/capabilities.ts';
import type { ServerDefinitions } from './definitions.ts';
import type { UpstreamDeps } from './deps.ts';
import { discoverServers } from './discover.ts';
import { createLogLevels } from './notifications/log-levels.ts';
import { createServerInitiated } from './notifications/server-initiated.ts';
import { applySessionLogLevel } from './notifications/set-log-level.ts';
import { reopenSession } from './notifications/subscriptions/reopen-session.ts';
import { createUpstreamSubscriptions } from './notifications/subscriptions/upstream-subscriptions.ts';
import type { PinCatalog } from './pins/catalog.ts';
import { createOwnView } from './pins/own-view.ts';
import { isOwnView, type Verifier } from './pins/verify.ts';
import { GIVEN_IDS_MAX } from './tasks/task-ids.ts';
import { createServerDirectory } from './server-directory.ts';
import { createBackoff } from './sessions/backoff.ts';
import { createSessionPool } from './sessions/pool.ts';
import type { UpstreamSession } from './sessions/session.ts';

export type { RunClientRequest, UpstreamDeps, UpstreamEvent } from './deps.ts';

/** Figures of this moment. */
export interface UpstreamStats {
  /** Open sessions, by server. A stdio server has one child process per session. */
  readonly sessions: Readonly<Record<string, number>>;
  /** Calls of modern clients to legacy servers that run or wait for the client's retry. */
  readonly parkedCalls: number;
  /** Callers that wait for notifications. */
  readonly subscribers: number;
}

/** All that the composition connects with the guard and the edge. */
export interface Upstreams {
  readonly send: SendUpstream;
  readonly catalog: Catalog;
  readonly directory: ServerDirectory;
  /**
   * Whether the gateway is shown another definition than the pinned one. Where it was so, it is looked at again first:
   * the server may have put it right.
   */
  differs(definition: Definition): MaybePromise<boolean>;
  /** Everything that is pinned of a server. */
  definitionsOf(server: string): readonly Definition[];
  /** Reads the pins. Wait for it before the first call: until then every target is refused. */
  loadPins(): Promise<void>;
  /**
   * Asks servers for their definitions. Never rejects.
   *
   * @param only names of servers; all when left out.
   */
  discover(only?: readonly string[]): Promise<void>;
  /** By server: why it could not be reached within the last minute and while it is tried again, or `undefined`. */
  ready(): Record<string, string | undefined>;
  stats(): UpstreamStats;
  /** Ends every session, child process and parked call. */
  close(): Promise<void>;
}

/** Opens no session: the first call to a server does. */
export function createUpstreams(deps: UpstreamDeps, definitions: ServerDefinitions): Upstreams {
  const { steadyClock, log, servers } = deps;
  const parts = createParts(deps, definitions);
  const { pool, catalog, subscribers, subscriptions, parkedCalls } = parts;
  const stopping = new AbortController();
  const endings = createBackoff(steadyClock);
  pool.onOpened((session) => prepareSession(parts, session));
  pool.onLost((session) => {
    void reopenSession(servers, pool, subscribers, session, endings, stopping.signal).catch(() => undefined);
  });
  const names = (): readonly string[] => servers().map(({ name }) => name);
  return {
    send: (permit, channel) => send(parts, permit, channel),
    catalog: { find: catalog.find },
    directory: createServerDirectory(servers, catalog),
    differs: ({ server, kind, name }) =>
      catalog.isDrifting(server, kind, name) &&
      parts.verifier.ownView.refresh(server, kind).then(() => catalog.isDrifting(server, kind, name)),
    definitionsOf: catalog.definitionsOf,
    loadPins: async () => void (await catalog.freshPins()),
    discover: (only) => discoverServers(pool, log, deps.askAsGateway, only ?? names()),
    ready: () => Object.fromEntries(names().map((name) => [name, pool.lastFailure(name)])),
    stats: () => ({
      sessions: Object.fromEntries(names().map((name) => [name, pool.count(name)])),
      parkedCalls: parkedCalls.size,
      subscribers: subscribers.size,
    }),
    close: async () => {
      stopping.abort();
      subscriptions.close();
      parkedCalls.close();
      catalog.close();
      await pool.close();
    },
  };
}

interface UpstreamParts extends SendDeps {
  readonly catalog: PinCatalog;
  readonly parkedCalls: ParkedCalls;
}

/** Each part uses only those before it. */
function createParts(deps: UpstreamDeps, { catalog, subscribers }: ServerDefinitions): UpstreamParts {
  const { clock, steadyClock, log, sealer, servers, runClientRequest, environment } = deps;
  const logLevels = createLogLevels();
  const requestStates = createRequestStates(sealer, clock);
  const verifier: Verifier = {
    clock: steadyClock,
    catalog,
    ownView: createOwnView(deps.askAsGateway, log),
    capabilities: ({ clientRequests }) => gatewayCapabilities(clientRequests),
  };
  const pool = createSessionPool({
    clock: steadyClock,
    log,
    environment,
    servers,
    serverInitiated: (settings, owner, session) =>
      createServerInitiated(subscribers, runClientRequest, settings, owner, session),
    hasSubscribers: ({ settings, owner }) => subscribers.has(settings.name, owner),
  });
  const subscriptions = createUpstreamSubscriptions(pool, subscribers, log);
  const callShares = createCallShares();
  const parkedCalls = createParkedCalls({
    clock: steadyClock,
    runClientRequest,
    requestStates,
    catalog,
    pool,
    callShares,
  });
  return {
    ...deps,
    subscribers,
    logLevels,
    requestStates,
    catalog,
    verifier,
    pool,
    subscriptions,
    callShares,
    parkedCalls,
    givenTaskIds: new BoundedMap(GIVEN_IDS_MAX),
  };
}

/** Compares what a server tells the gateway about itself with its pin; repeats what the owner set and subscribed to. */
async function prepareSession(
  { catalog, subscriptions, logLevels, log }: UpstreamParts,
  session: UpstreamSession,
): Promise<void> {
  const { settings, owner, connection } = session;
  if (isOwnView(session)) await catalog.learnProfile(settings, connection.profile);
  if (owner === undefined) return;
  subscriptions.refresh(settings.name, owner);
  applySessionLogLevel(log, session, logLevels.get(owner));
}
