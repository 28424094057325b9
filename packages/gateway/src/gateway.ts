/**
 * Composition: connects the guard, the upstreams, the adapters, the edge and the listeners. The only file that knows
 * everything; `startGateway` is the gateway in this process.
 */
import { randomBytes } from 'node:crypto';
import { createGuard, createSealer, standardPipeline, type Catalog, type Clock, type Log } from '@sallyport/guard';
import { createRecorder, logRecord } from '@sallyport/guard/audit';
import { createMemoryRateLimiter, createMemoryTenants, steadyClock, systemClock } from '@sallyport/guard/memory';
import {
  checkContentDigest,
  createApiKeyAuthenticator,
  createAccessTokenAuthenticator,
  createCredentialReader,
} from '@sallyport/guard/stages';
import { createApprovalWaits } from './approval-waits.ts';
import { aborted, atMost } from './aborted.ts';
import { createSettingsHolder } from './active-settings.ts';
import { createKeySource, type IssuerKeys } from '@sallyport/server/jwks/keys';
import { createIntrospect } from './adapters/openid-client/introspect.ts';
import { createLogger } from './adapters/pino/logger.ts';
import { createMetrics, type Metrics } from './adapters/prometheus/metrics.ts';
import { openAuditLog, openFreeLog, type AuditLogDeps, type SegmentAuditLog } from '@sallyport/server/segments/log';
import { runClientRequest } from './client-request.ts';
import { childEnvironment, openSealingKey, processEnvironment, secretsOf } from './config.ts';
import { createActivity } from './control/overview/activity.ts';
import { createPublicHealth } from './control/public-health.ts';
import type { Check } from './control/ready.ts';
import { askAsGateway, createDiscovery } from './discovery.ts';
import type { EdgeDeps } from '@sallyport/server/edge/deps';
import { createHttpEdge, type HttpEdge } from '@sallyport/server/edge/http/edge';
import { createGatewayApprovals, notingExecution } from './gateway-approvals.ts';
import { openAdmin, type OpenedAdmin } from './gateway-control.ts';
import { readinessChecks } from './gateway-readiness.ts';
import { redactorOf } from './gateway-redactor.ts';
import { recordRejectedRequest, recordSettings } from './gateway-records.ts';
import { streamsMax } from '@sallyport/server/listen/descriptor-reserve';
import { openListener, type Listener } from '@sallyport/server/listen/listener';
import { createLogShares, watchFreeSpace, withLogShares } from './log-shares.ts';
import { createRefusedStrangers } from './refused-strangers.ts';
import { createRefusedTokens } from './refused-tokens.ts';
import { reloadPoliciesOnChange, replaceSettings } from './reload.ts';
import type { GuardedUpstreams, Resources } from './resources.ts';
import { serverVisibility } from './server-visibility.ts';
import type { SignInHandler } from './sign-in.ts';
import type { ServerSettings, Snapshot } from './snapshot.ts';
import { openProductDatabase, openStores } from './stores.ts';
import { createServerDefinitions } from './upstream/definitions.ts';
import type { DefinitionsDeps, UpstreamEvent } from './upstream/deps.ts';
import { createHeldTaskIds, withHeldTasks } from '@sallyport/server/edge/tasks/held-task-ids';
import { createHeldTasks } from '@sallyport/server/edge/tasks/held-tasks';
import { createTaskDirectory } from './upstream/tasks/task-ids.ts';
import { createUpstreams, type Upstreams } from './upstream/upstreams.ts';

/** How long servers may take to end; one that hangs must not keep the audit log from being closed. */
export const UPSTREAMS_CLOSE_MS = 5_000;

/** How a gateway is started. */
export interface StartOptions {
  /** Which listeners this process opens; `all` when absent. */
  readonly role?: 'gateway' | 'admin' | 'all';
  /** Answers requests under `/oauth` before the edge does: the authorization server of the demo. */
  readonly signIn?: SignInHandler;
  readonly clock?: Clock;
  /** Called when the listeners are open, before any server was reached. */
  readonly listening?: (opened: Pick<RunningGateway, 'gatewayUrl' | 'adminUrl'>) => void;
  /** Aborted when the gateway is to be closed: a start then waits for no server. */
  readonly stop?: AbortSignal;
}

/** A gateway that serves until it is closed. */
export interface RunningGateway {
  /** Origin of the MCP listener; empty when the role has none. */
  readonly gatewayUrl: string;
  /** Origin of the admin listener; empty when the role has none. */
  readonly adminUrl: string;
  /** Puts a new configuration in force. Settings that need a restart stay as they were, and the log names them. */
  reload(snapshot: Snapshot): Promise<void>;
  /** Logs why a changed configuration was not put in force. */
  rejected(errors: readonly string[]): void;
  /**
   * Takes no more calls, lets those under way finish, and closes everything.
   *
   * @param graceMs how long calls may take to finish; as configured when left out.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Opens the store, the audit log and the log of the process.
 *
 * @throws Error with a sentence for the operator when a file cannot be opened or a policy cannot be loaded.
 */
export async function openResources(
  snapshot: Snapshot,
  clock: Clock,
  openLog: (deps: AuditLogDeps) => SegmentAuditLog,
  activeConnections: () => number,
): Promise<Resources> {
  const settings = createSettingsHolder(snapshot, clock);
  const log = createLogger({
    level: () => settings.current().snapshot.log.level,
    secrets: () => secretsOf(settings.current().snapshot),
  });
  const sealer = createSealer(openSealingKey(snapshot.dataFolder));
  const database = await openProductDatabase(snapshot, log);
  const store = await openStores(snapshot, database, clock, log).catch(async (thrown: unknown) => {
    await database.close();
    throw thrown;
  });
  const logShares = createLogShares(watchFreeSpace(snapshot.audit.folder));
  const audit = openLog({
    folder: snapshot.audit.folder,
    origin: snapshot.audit.origin,
    clock,
    segmentBytes: snapshot.audit.segmentBytes,
    signsFirstAtOnce: true,
    log,
    recorded: logShares.recorded,
  });
  const approvals = createGatewayApprovals(database, settings, clock, audit, log, (result, waitedMs) =>
    metrics.approvalDecided(result, waitedMs),
  );
  const metrics = createMetrics({
    servers: () => settings.current().serverNames,
    tenants: () => settings.current().snapshot.tenants,
    activeConnections,
    approvalsPending: () => approvals.count({ status: 'pending' }).catch(() => Number.NaN),
    includesProcess: true,
  });
  const strangers = createRefusedStrangers(audit, clock, log);
  // A clock that a test sets is both.
  const steady = clock === systemClock ? steadyClock : clock;
  const kept = { store, database, audit, strangers, logShares };
  const activity = createActivity(clock);
  return { ...kept, activity, clock, steadyClock: steady, log, sealer, metrics, approvals, settings };
}

/** Builds the guard and everything that it judges with. Opens no connection. */
export function createGuardedUpstreams(resources: Resources): GuardedUpstreams {
  const { clock, steadyClock, log, store, sealer, metrics, settings } = resources;
  const definitionsDeps: DefinitionsDeps = {
    servers: () => settings.current().snapshot.servers,
    pins: store.pins,
    outageMs: store.outageMs,
    clock,
    log,
    report: (event) => reportUpstreamEvent(event, metrics, log),
  };
  const definitions = createServerDefinitions(definitionsDeps);
  const issuers = (): Snapshot['identity']['issuers'] => settings.current().snapshot.identity.issuers;
  const issuerKeys = createKeySource({ issuers, clock: steadyClock, log });
  const pipeline = createPipeline(resources, definitions.catalog, issuerKeys, (definition) =>
    upstreams.differs(definition),
  );
  const guard = notingExecution(createGuard(pipeline), resources.approvals, log);
  const upstreams: Upstreams = createUpstreams(
    {
      ...definitionsDeps,
      steadyClock,
      sealer,
      environment: childEnvironment(processEnvironment()),
      runClientRequest: (permitted, method, params, deliver) =>
        runClientRequest(guard, permitted, method, params, deliver),
      askAsGateway: (server, method) => askAsGateway(guard, upstreams.send, steadyClock, server, method),
    },
    definitions,
  );
  return { guard, upstreams, issuerKeys };
}

function reportUpstreamEvent(event: UpstreamEvent, metrics: Metrics, log: Log): void {
  if (event.kind === 'drift') metrics.drifted(event.server);
  if (event.kind === 'upstream_error') metrics.upstreamFailed(event.server, event.code);
  else log('warn', `definition ${event.kind}`, { ...event });
}

function createPipeline(
  { clock, steadyClock, store, audit, strangers, logShares, sealer, metrics, approvals, settings, log }: Resources,
  catalog: Catalog,
  issuerKeys: IssuerKeys,
  differs: Upstreams['differs'],
): ReturnType<typeof standardPipeline> {
  const snapshot = (): Snapshot => settings.current().snapshot;
  const server = (name: string): ServerSettings | undefined => settings.current().servers.get(name);
  const logRefusedToken = createRefusedTokens(log, () => performance.now());
  const jwt = createAccessTokenAuthenticator({
    issuers: () => snapshot().identity.issuers,
    keys: issuerKeys,
    clock,
    incomplete: (claim) => logRefusedToken('incomplete', claim),
    introspect: createIntrospect(
      (name) => snapshot().identity.issuers.find(({ issuer }) => issuer === name)?.introspectionClient,
    ),
  });
  const apiKey = createApiKeyAuthenticator(store.callKeys, clock);
  const stages = standardPipeline(
    {
      authenticators: [jwt, (credentials) => (snapshot().identity.apiKeys ? apiKey(credentials) : undefined)],
      tenants: createMemoryTenants(() => snapshot().tenants),
      catalog,
      tasks: withHeldTasks(createTaskDirectory(sealer, clock), createHeldTaskIds(sealer, clock)),
      policy: () => settings.current().policies.engine,
      limiter: createMemoryRateLimiter(steadyClock),
      approvals,
      differs,
      audit: strangers.audit,
      clock,
      observer: metrics,
      recorder: createRecorder(redactorOf({ audit, settings }), (target) => catalog.find(target)?.name),
    },
    {
      allowTools: (name) => server(name)?.allowTools,
      additionalArguments: (name) => server(name)?.additionalArguments ?? 'reject',
      resultBytesMax: (name) => server(name)?.resultBytesMax ?? 0,
      tiers: () => snapshot().limits,
      refusalsPerMinute: () => snapshot().refusalsPerMinute,
      approvalRules: () => settings.current().approvalRules,
      approvalTtlMs: () => snapshot().approvals.ttlMs,
      tokenRefused(type, claim) {
        metrics.tokenRefused(type);
        logRefusedToken(type, claim);
      },
    },
  );
  return withLogShares(stages, logShares);
}

/** What every edge needs, over HTTP as over stdio. */
export function edgeDepsOf(resources: Resources, { guard, upstreams }: GuardedUpstreams): EdgeDeps {
  const { activity, strangers, clock, steadyClock, log, metrics, settings, approvals } = resources;
  return {
    guard,
    send: upstreams.send,
    profileOf: (name) => upstreams.directory.profile(name),
    approvals: createApprovalWaits(approvals, settings, (tenant, event, fields) =>
      resources.audit.append(tenant, logRecord(event, fields, clock.now())),
    ),
    heldTasks: createHeldTasks(resources.sealer, clock),
    definitionOf: (target) => upstreams.catalog.find(target),
    maySee: serverVisibility(upstreams, settings),
    snapshot: () => {
      const { snapshot, serverNames } = settings.current();
      return { gateway: snapshot.gateway, issuers: snapshot.identity.issuers, servers: serverNames };
    },
    clock,
    steadyClock,
    log,
    report: (event) => metrics.requested(event),
    called: (outcome) => {
      metrics.called(outcome);
      activity.called(outcome);
    },
    limiter: createMemoryRateLimiter(steadyClock),
    rejected: (code, correlationId, address) => recordRejectedRequest(code, correlationId, address, strangers, clock),
  };
}

/**
 * Opens everything in order and closes it in the opposite order. Resolves when the first discovery of
 * every server has ended.
 *
 * @throws Error with a sentence for the operator.
 */
export async function startGateway(snapshot: Snapshot, options: StartOptions = {}): Promise<RunningGateway> {
  const role = options.role ?? 'all';
  let edge: HttpEdge | undefined;
  const resources = await openResources(
    snapshot,
    options.clock ?? systemClock,
    // Beside a process with the role `gateway` on the same data it has a log of its own.
    role === 'admin' ? (deps) => openFreeLog(deps, 'admin') : openAuditLog,
    () => edge?.activeConnections() ?? 0,
  );
  const { clock, log, settings, audit, store } = resources;
  const guarded = createGuardedUpstreams(resources);
  edge = createEdge(resources, guarded);
  await recordSettings('gateway.start', settings.current(), audit, clock, log);
  await guarded.upstreams.loadPins();
  if (role !== 'admin') {
    await store.sessions.endHeld();
    resources.approvals.endOutdatedOnChange(store.pins);
  }
  const discovery = role === 'admin' ? undefined : createDiscovery(guarded.upstreams);
  const stopping = new AbortController();
  const checks = readinessChecks({ ...resources, ...guarded, discovery, stopping: stopping.signal });
  const admin = role === 'gateway' ? undefined : await openAdmin(resources, guarded, checks, discovery);
  const listeners = await openListeners(resources, checks, edge, admin, role, options.signIn).catch(async (thrown) => {
    await closeResources(resources, guarded);
    throw thrown;
  });
  const urls = { gatewayUrl: listeners.gateway?.url ?? '', adminUrl: listeners.admin?.url ?? '' };
  options.listening?.(urls);
  // Not awaited: an issuer that does not answer is reported by the log and /ready, and API keys work without it.
  void guarded.issuerKeys.ready();
  await Promise.race([discovery?.run(), ...(options.stop === undefined ? [] : [aborted(options.stop)])]);
  const stopReloadingPolicies = reloadPoliciesOnChange(settings, clock, log);
  log('info', 'started', {
    gateway: listeners.gateway?.url,
    admin: listeners.admin?.url,
    servers: settings.current().serverNames,
    policies: settings.current().policies.revision,
  });
  return {
    ...urls,
    rejected: (errors) => log('error', 'the changed configuration is not used; the old one stays', { errors }),
    async reload(next) {
      await replaceSettings(snapshot, next, settings, audit, clock, log);
      void guarded.issuerKeys.ready();
      await discovery?.run();
    },
    async close(graceMs = settings.current().snapshot.shutdown.graceMs) {
      stopping.abort();
      stopReloadingPolicies();
      discovery?.stop();
      await admin?.close();
      await edge?.close(graceMs);
      await Promise.all([listeners.gateway?.close(), listeners.admin?.close()]);
      await closeResources(resources, guarded);
    },
  };
}

/** In the opposite order of opening. */
export async function closeResources(resources: Resources, { upstreams }: GuardedUpstreams): Promise<void> {
  await atMost(UPSTREAMS_CLOSE_MS, upstreams.close());
  await resources.strangers.close();
  await resources.audit.close();
  resources.logShares.close();
  resources.approvals.stop();
  resources.store.close();
  await resources.database.close();
}

function createEdge(resources: Resources, guarded: GuardedUpstreams): HttpEdge {
  const { store, sealer, metrics, clock, settings } = resources;
  return createHttpEdge({
    ...edgeDepsOf(resources, guarded),
    sessions: store.sessions,
    sealer,
    readCredentials: createCredentialReader({
      clock,
      nonceSecret: randomBytes(32),
      needsNonce: () => settings.current().snapshot.identity.needsProofNonce,
    }),
    checkContentDigest,
    addressLimited: () => metrics.limited('address', '', ''),
    streamsMax: streamsMax(),
  });
}

async function openListeners(
  { log, settings }: Resources,
  checks: readonly Check[],
  edge: HttpEdge,
  endpoints: OpenedAdmin | undefined,
  role: 'gateway' | 'admin' | 'all',
  signIn: SignInHandler | undefined,
): Promise<{ readonly gateway?: Listener; readonly admin?: Listener }> {
  const { gateway, admin } = settings.current().snapshot;
  const health = createPublicHealth(checks);
  const open: { gateway?: Listener; admin?: Listener } = {};
  if (role !== 'admin') {
    open.gateway = await openListener({
      name: 'gateway',
      settings: gateway.listen,
      log,
      handler: (request, response) => {
        if (!health(request, response) && signIn?.(request, response) !== true) edge.handle(request, response);
      },
    });
  }
  if (endpoints === undefined) return open;
  try {
    open.admin = await openListener({ name: 'admin', settings: admin.listen, log, handler: endpoints.handle });
  } catch (thrown) {
    // L9: half a gateway would serve for ever, and its process would never end.
    await open.gateway?.close();
    throw thrown;
  }
  return open;
}
