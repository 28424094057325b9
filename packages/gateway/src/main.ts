/**
 * Wires everything; the only file that knows everything. `startGateway` is the gateway in this process; `main` is the
 * command line.
 */
import { watch } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import {
  createGuard,
  createSealer,
  ERRORS,
  standardHouse,
  type Call,
  type Clock,
  type Credentials,
  type Guard,
  type JsonObject,
  type Permitted,
  type ClientChannel,
  type Sealer,
  type Identity,
} from '@sallyport/guard';
import { createRecorder, createRedactor, logRecord } from '@sallyport/guard/audit';
import {
  createMemoryApprovals,
  createMemoryRateLimiter,
  createMemoryTenants,
  systemClock,
  type MemoryApprovals,
} from '@sallyport/guard/memory';
import { createApiKeyAuthenticator, createBearerJwt, createMayList, readAuthorization } from '@sallyport/guard/stages';
import { loadPolicies, policyRevision, type LoadedPolicies } from './adapters/cedar/load.ts';
import type { SignInUser } from './adapters/oidc-provider/server.ts';
import { createKeySource, type IssuerKeys } from './adapters/jwks/keys.ts';
import { createLogger, type Log } from './adapters/pino/index.ts';
import { createMetrics, type Metrics } from './adapters/prometheus/index.ts';
import { openAuditLog, openFreeLog, type AuditLogDeps, type SegmentAuditLog } from './adapters/segments/log.ts';
import { openStore, type Store } from './adapters/sqlite/store.ts';
import { registerAudit } from './cli/audit.ts';
import { registerKeys } from './cli/keys.ts';
import { registerPins } from './cli/pins.ts';
import { buildProgram, runProgram, type ProgramIo } from './cli/program.ts';
import { childEnvironment, needRestart, openSealingKey, processEnvironment, secretsOf } from './config.ts';
import { createAdmin } from './control/admin.ts';
import { createPublicHealth } from './control/public-health.ts';
import type { Check } from './control/ready.ts';
import type { EdgeDeps } from './edge/deps.ts';
import { createHttpEdge, type HttpEdge } from './edge/http/edge.ts';
import { createStdioEdge } from './edge/stdio/stdio.ts';
import { openListener, type Listener } from './listen/listener.ts';
import type { ServerSettings, Snapshot } from './snapshot.ts';
import { createUpstreams, type Upstreams } from './upstream/upstreams.ts';

export type { Snapshot } from './snapshot.ts';
export { loadConfig, loadConfigText } from './config.ts';

export interface StartOptions {
  readonly role?: 'gateway' | 'admin' | 'all';
  /** Takes requests under `/oauth` and its metadata before the edge does: the demo's authorization server. */
  readonly front?: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly clock?: Clock;
}

export interface RunningGateway {
  readonly gatewayUrl: string;
  readonly adminUrl: string;
  /** What only a restart can change stays as it was, and the log says so. */
  reload(snapshot: Snapshot): Promise<void>;
  /** A changed configuration was not taken over, for these reasons. */
  rejected(errors: readonly string[]): void;
  close(): Promise<void>;
}

/** What lasts as long as the process. */
interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly audit: SegmentAuditLog;
  readonly sealer: Sealer;
  readonly metrics: Metrics;
  readonly approvals: MemoryApprovals;
  readonly settings: Settings;
}

/** The snapshot in force and what follows from it. Replaced whole by a reload; read by everything through functions. */
interface Settings {
  snapshot: Snapshot;
  policies: LoadedPolicies;
  servers: ReadonlyMap<string, ServerSettings>;
  serverNames: readonly string[];
}

const settingsOf = (snapshot: Snapshot, clock: Clock): Settings => ({
  snapshot,
  policies: loadPolicies(snapshot.policies.cedar, clock),
  servers: new Map(snapshot.servers.map((server) => [server.name, server])),
  serverNames: snapshot.servers.map((server) => server.name).sort(),
});

interface Opening {
  readonly clock: Clock;
  readonly activeConnections: () => number;
  readonly openLog: (deps: AuditLogDeps) => SegmentAuditLog;
}

function openParts(snapshot: Snapshot, { clock, activeConnections, openLog }: Opening): Parts {
  const settings = settingsOf(snapshot, clock);
  const log = createLogger({ level: () => settings.snapshot.log.level, secrets: () => secretsOf(settings.snapshot) });
  const sealer = createSealer(openSealingKey(snapshot.dataFolder));
  const store = openStore(join(snapshot.dataFolder, 'sallyport.db'), clock);
  const audit = openLog({
    folder: snapshot.audit.folder,
    origin: snapshot.audit.origin,
    clock,
    segmentBytes: snapshot.audit.segmentBytes,
  });
  const approvals = createMemoryApprovals(clock);
  const metrics = createMetrics({
    servers: () => settings.serverNames,
    tenants: () => settings.snapshot.tenants,
    activeConnections,
    approvalsPending: () => approvals.pending().length,
    ofProcess: true,
  });
  return { clock, log, store, audit, sealer, metrics, approvals, settings };
}

interface DataPlane {
  readonly guard: Guard;
  readonly upstreams: Upstreams;
  readonly keys: IssuerKeys;
}

function createDataPlane({ clock, log, store, audit, sealer, metrics, approvals, settings }: Parts): DataPlane {
  const server = (name: string): ServerSettings | undefined => settings.servers.get(name);
  const upstreams = createUpstreams({
    servers: () => settings.snapshot.servers,
    pins: store.pins,
    sealer,
    clock,
    log,
    environment: childEnvironment(processEnvironment()),
    clientRequest: (permitted, method, params, deliver) => askClient(guard, { permitted, method, params }, deliver),
    report(event) {
      if (event.kind === 'drift') metrics.drifted(event.server);
      if (event.kind === 'upstream_error') metrics.upstreamFailed(event.server, event.code);
      if (event.kind !== 'upstream_error') log('warn', `definition ${event.kind}`, { ...event });
    },
  });
  const keys = createKeySource({ issuers: () => settings.snapshot.identity.issuers, clock, log });
  const jwt = createBearerJwt({ issuers: () => settings.snapshot.identity.issuers, keys, clock });
  const apiKey = createApiKeyAuthenticator(store.keys, clock);
  const guard = createGuard(
    standardHouse(
      {
        authenticators: [jwt, (credentials) => (settings.snapshot.identity.apiKeys ? apiKey(credentials) : undefined)],
        tenants: createMemoryTenants(() => settings.snapshot.tenants),
        catalog: upstreams.catalog,
        policy: () => settings.policies.engine,
        limiter: createMemoryRateLimiter(clock),
        approvals,
        audit,
        clock,
        observer: metrics,
        recorder: createRecorder(
          createRedactor({
            keyOf: (tenant) => audit.keys.hashingKey(tenant),
            clear: () => settings.snapshot.audit.clearArguments,
          }),
        ),
      },
      {
        allowTools: (name) => server(name)?.allowTools,
        additionalArguments: (name) => server(name)?.additionalArguments ?? 'reject',
        maxResultBytes: (name) => server(name)?.resultBytesMax ?? 0,
        tiers: () => settings.snapshot.limits,
        refusalsPerMinute: () => settings.snapshot.refusalsPerMinute,
        approvalRules: () => settings.snapshot.approvals.rules,
        approvalTtlMs: () => settings.snapshot.approvals.ttlMs,
        tokenRefused: (type) => metrics.tokenRefused(type),
      },
    ),
  );
  return { guard, upstreams, keys };
}

/** A request from a server to the client is a call like any other: it acts for the caller of the call that it belongs to. */
async function askClient(
  guard: Guard,
  ask: { permitted: Permitted; method: string; params: JsonObject },
  deliver: () => Promise<JsonObject>,
): Promise<JsonObject> {
  const { call, principal } = ask.permitted;
  const outcome = await guard.run(
    {
      ...call,
      method: ask.method,
      params: ask.params,
      rawArguments: undefined,
      target: 'server' in call.target ? { kind: 'servers', servers: [call.target.server] } : call.target,
      credentials: { kind: 'within', principal },
    },
    async () => ({ value: await deliver() }),
  );
  if (outcome.status !== 'success') throw outcome.error;
  return outcome.result.value;
}

const NOBODY: ClientChannel = {
  era: 'modern',
  capabilities: {},
  logLevel: undefined,
  progressToken: undefined,
  notify: () => {},
  request: undefined,
};

/** A call that the gateway makes for itself: discovery. It passes the guard and is recorded like every other. */
function ownCall(server: string, method: string, clock: Clock): Call {
  const credentials: Credentials = { kind: 'gateway', tenant: '_' };
  return Object.freeze({
    method,
    target: { kind: 'servers', servers: [server] } as const,
    params: {},
    rawArguments: undefined,
    credentials,
    session: undefined,
    deadlineMs: clock.now() + 30_000,
    signal: AbortSignal.timeout(30_000),
    origin: {
      transport: 'embedded',
      era: 'modern',
      protocolVersion: '2026-07-28',
      address: '',
      correlationId: crypto.randomUUID(),
      traceparent: undefined,
      clientInfo: undefined,
    } as const,
  });
}

const RETRY_MS = 5_000;

interface Discovery {
  /** Asks every server; resolves when each has answered or failed. */
  all(): Promise<void>;
  stop(): void;
}

/** Learns what each server offers; those that cannot be reached are tried again until the gateway stops. */
function createDiscovery({ guard, upstreams }: DataPlane, { clock }: Parts): Discovery {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const ask = async (only?: readonly string[]): Promise<void> => {
    clearTimeout(timer);
    await upstreams.discover(
      (server, method) => guard.run(ownCall(server, method, clock), (permit) => upstreams.send(permit, NOBODY)),
      only,
    );
    const missing = Object.entries(upstreams.ready()).flatMap(([name, why]) => (why === undefined ? [] : [name]));
    clearTimeout(timer);
    if (!stopped && missing.length > 0) timer = setTimeout(() => void ask(missing), RETRY_MS);
  };
  return {
    all: () => ask(),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Of a server that was never reached nothing is known that could be told. */
function seesIn(upstreams: Upstreams, settings: Settings): (who: Identity, server: string) => boolean {
  const mayList = createMayList({
    policy: () => settings.policies.engine,
    allowTools: (name) => settings.servers.get(name)?.allowTools,
  });
  return (who, server) => {
    const offered = upstreams.definitionsOf(server);
    return offered.length === 0 || offered.some((definition) => mayList(who, definition));
  };
}

/** What both doors need. */
function doorOf({ guard, upstreams }: DataPlane, { audit, clock, log, metrics, settings }: Parts): EdgeDeps {
  return {
    guard,
    send: upstreams.send,
    view: upstreams.view,
    definitionOf: (target) => upstreams.catalog.find(target),
    sees: seesIn(upstreams, settings),
    settings: () => settings.snapshot.gateway,
    clock,
    log,
    report: (event) => metrics.requested(event),
    called: (outcome) => metrics.called(outcome),
    limiter: createMemoryRateLimiter(clock),
    rejected: rejectedInto({ audit, clock, log }),
  };
}

function createEdge(plane: DataPlane, parts: Parts): HttpEdge {
  const { store, sealer, metrics, settings } = parts;
  return createHttpEdge({
    ...doorOf(plane, parts),
    sessions: store.sessions,
    sealer,
    readAuthorization,
    addressLimited: () => metrics.limited('address', '', ''),
    issuers: () => settings.snapshot.identity.issuers.map(({ issuer }) => issuer),
    scopes: () => [...new Set(settings.snapshot.identity.issuers.flatMap(({ requiredScopes }) => requiredScopes))],
  });
}

/** Refused before it was a call: it has a record all the same. Nothing waits for it, because nothing happens because of it. */
function rejectedInto({ audit, clock, log }: Pick<Parts, 'audit' | 'clock' | 'log'>): EdgeDeps['rejected'] {
  return (code, correlationId, address) =>
    void audit
      .append(
        '_',
        logRecord(
          'request.rejected',
          { error_code: ERRORS[code].errorCode, correlation_id: correlationId, source_ip: address },
          clock.now(),
        ),
      )
      .catch((cause: unknown) => log('error', 'a refused request could not be recorded', { cause: String(cause) }));
}

const checksOf = ({ audit, store }: Parts, { upstreams, keys }: DataPlane): readonly Check[] => [
  { name: 'audit', run: () => audit.probe().then(() => undefined) },
  {
    name: 'store',
    run: () => {
      store.probe();
      return undefined;
    },
  },
  { name: 'issuers', run: () => keys.ready() },
  { name: 'servers', run: () => upstreams.ready() },
];

/** Opens everything in order and closes it in the opposite one. @throws Error in words for the operator. */
export async function startGateway(snapshot: Snapshot, options: StartOptions = {}): Promise<RunningGateway> {
  const role = options.role ?? 'all';
  let edge: HttpEdge | undefined;
  const parts = openParts(snapshot, {
    clock: options.clock ?? systemClock,
    activeConnections: () => edge?.activeConnections() ?? 0,
    openLog: openAuditLog,
  });
  const { log, settings, audit, store } = parts;
  const plane = createDataPlane(parts);
  edge = createEdge(plane, parts);
  const checks = checksOf(parts, plane);
  await recordWeakenings(parts, 'gateway.start');
  const listeners = await openListeners(parts, { edge, checks, role, front: options.front });
  const discovery = role === 'admin' ? undefined : createDiscovery(plane, parts);
  // Not waited for: an issuer that does not answer is told by the log and by /ready, and keeps nobody with a key out.
  void plane.keys.ready();
  await discovery?.all();
  const stopWatching = watchPolicies(parts);
  log('info', 'started', {
    gateway: listeners.gateway?.url,
    admin: listeners.admin?.url,
    servers: settings.serverNames,
    policies: settings.policies.revision,
  });
  return {
    gatewayUrl: listeners.gateway?.url ?? '',
    adminUrl: listeners.admin?.url ?? '',
    rejected: (errors) => log('error', 'the changed configuration is not used; the old one stays', { errors }),
    async reload(next) {
      const waiting = needRestart(snapshot, next);
      Object.assign(settings, settingsOf(next, parts.clock));
      await recordWeakenings(parts, 'gateway.reload');
      log('info', 'reloaded', { version: next.version, policies: settings.policies.revision });
      if (waiting.length > 0) log('warn', 'these settings changed and need a restart', { settings: waiting });
      void plane.keys.ready();
      await discovery?.all();
    },
    async close() {
      stopWatching();
      discovery?.stop();
      await edge?.close();
      await Promise.all([listeners.gateway?.close(), listeners.admin?.close()]);
      await plane.upstreams.close();
      await audit.close();
      store.close();
    },
  };
}

interface Faces {
  readonly edge: HttpEdge;
  readonly checks: readonly Check[];
  readonly role: 'gateway' | 'admin' | 'all';
  readonly front: StartOptions['front'];
}

async function openListeners(
  { audit, log, metrics, settings }: Parts,
  { edge, checks, role, front }: Faces,
): Promise<{ gateway?: Listener; admin?: Listener }> {
  const { gateway, admin } = settings.snapshot;
  const health = createPublicHealth(checks);
  const face = createAdmin({
    listenHost: admin.listen.host,
    checks,
    metrics: () => metrics.read(),
    checkpoint: (tenant) => audit.checkpoint(tenant),
    tile: (tenant, tile) => audit.tile(tenant, tile),
    log,
  });
  const open: { gateway?: Listener; admin?: Listener } = {};
  if (role !== 'admin') {
    open.gateway = await openListener({
      name: 'gateway',
      settings: gateway.listen,
      log,
      handler: (request, response) => {
        if (!health(request, response) && front?.(request, response) !== true) edge.handle(request, response);
      },
    });
  }
  if (role !== 'gateway')
    open.admin = await openListener({ name: 'admin', settings: admin.listen, log, handler: face.handle });
  return open;
}

/** Invariant 11: what weakens a protection is said in the log and in the record. */
async function recordWeakenings(
  { audit, clock, log, settings }: Parts,
  event: 'gateway.start' | 'gateway.reload',
): Promise<void> {
  for (const weakening of settings.snapshot.weakenings) log('warn', 'weakened', { weakening });
  await audit.append(
    '_',
    logRecord(
      event,
      {
        weakenings: settings.snapshot.weakenings,
        config: settings.snapshot.version,
        policies: settings.policies.revision,
      },
      clock.now(),
    ),
  );
}

const POLICIES_POLL_MS = 1_000;

/**
 * A changed policy file takes effect with the next call; a broken one keeps the old set and says why. Watched, to be quick,
 * and polled as well: of a folder that is swapped for another, or named by a reload, the watch hears nothing.
 */
function watchPolicies({ clock, log, settings }: Parts): () => void {
  let complained = '';
  const look = (): void => {
    const folder = settings.snapshot.policies.cedar;
    if (policyRevision(folder) === settings.policies.revision) return void (complained = '');
    try {
      settings.policies = loadPolicies(folder, clock);
      log('info', 'policies reloaded', {
        revision: settings.policies.revision,
        policies: settings.policies.policies.length,
      });
    } catch (thrown) {
      const cause = String(thrown);
      if (cause !== complained) log('error', 'the changed policies are not used; the old ones stay', { cause });
      complained = cause;
    }
  };
  const poll = setInterval(look, POLICIES_POLL_MS);
  poll.unref();
  let soon: NodeJS.Timeout | undefined;
  const folder = settings.snapshot.policies.cedar;
  const watcher =
    folder === undefined
      ? undefined
      : watch(folder, () => {
          clearTimeout(soon);
          soon = setTimeout(look, 50);
        });
  watcher?.on('error', () => watcher.close());
  return () => {
    clearInterval(poll);
    clearTimeout(soon);
    watcher?.close();
  };
}

/** `sallyport stdio`: the same guard before one client on standard input and output, with a log of its own beside the gateway's. */
async function runStdio(
  snapshot: Snapshot,
  { server, token }: { readonly server: string | undefined; readonly token: string },
): Promise<void> {
  const parts = openParts(snapshot, {
    clock: systemClock,
    activeConnections: () => 1,
    openLog: (deps) => openFreeLog(deps, 'stdio'),
  });
  const plane = createDataPlane(parts);
  await recordWeakenings(parts, 'gateway.start');
  const discovery = createDiscovery(plane, parts);
  await discovery.all();
  const stopWatching = watchPolicies(parts);
  const edge = createStdioEdge({
    ...doorOf(plane, parts),
    input: process.stdin,
    output: process.stdout,
    credentials: { kind: 'bearer', token },
    server,
  });
  await edge.ended;
  stopWatching();
  discovery.stop();
  await plane.upstreams.close();
  await parts.audit.close();
  parts.store.close();
}

/** The demo's authorization server, on the gateway's own listener. */
async function openSignIn(
  snapshot: Snapshot,
  users: readonly SignInUser[],
): Promise<{ readonly front: NonNullable<StartOptions['front']>; close(): void }> {
  const { createAuthorizationServer } = await quietly(() => import('./adapters/oidc-provider/server.ts'));
  const store = openStore(join(snapshot.dataFolder, 'sign-in.db'));
  const [issuer] = snapshot.identity.issuers;
  if (issuer === undefined) throw new Error('the demo configuration names no issuer');
  const server = await createAuthorizationServer({
    issuer: issuer.issuer,
    resource: issuer.audience,
    users,
    database: store.database,
    folder: snapshot.dataFolder,
  });
  return { front: server.handle, close: () => store.close() };
}

/** The library warns on the terminal, when it is loaded, of every Node.js that has no name as a long-term release. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const terminal: { warn: Console['warn'] } = console;
  const { warn } = terminal;
  terminal.warn = () => {};
  try {
    return await load();
  } finally {
    terminal.warn = warn;
  }
}

/** `demo` without the demo would promise an authorization server that nobody starts. */
function startConfigured(snapshot: Snapshot, role: NonNullable<StartOptions['role']>): Promise<RunningGateway> {
  if (snapshot.demo)
    throw new Error('"demo: true" is for the demo: start it with sallyport start --demo, or take the line out');
  return startGateway(snapshot, { role });
}

/** The command line. @param argv without the program's own two arguments. */
export async function main(argv: readonly string[]): Promise<void> {
  // `sallyport … | head` closes the pipe early; that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const io: ProgramIo = {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    exit: (code) => {
      process.exitCode = code;
    },
  };
  const program = buildProgram(io, {
    environment: processEnvironment(),
    signals: process,
    stdio: runStdio,
    start: (snapshot, { role }) => startConfigured(snapshot, role),
    demo: async (demoIo) => (await import('./demo/run.ts')).runDemo(demoIo, startGateway, { openSignIn }),
    groups: [registerAudit, registerKeys, registerPins],
  });
  await runProgram(program, argv, io);
}
