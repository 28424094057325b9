/** The real upstreams behind the real guard, with stages that let every call through. */
import {
  createGuard,
  createSealer,
  GuardError,
  isMethod,
  spendPermit,
  type Clock,
  type PrincipalKey,
  type TenantId,
} from '@sallyport/guard';
import { answersLater, createMemoryPins } from '@sallyport/guard/memory';
import type {
  Call,
  Catalog,
  Credentials,
  Era,
  Guard,
  Stages,
  JsonObject,
  McpResult,
  Outcome,
  Permitted,
  PinStore,
  Principal,
  ClientChannel,
  Target,
} from '@sallyport/guard';
import type { ServerSettings, ServerTransport } from '../../snapshot.ts';
import { createServerDefinitions } from '../definitions.ts';
import type { DefinitionsDeps } from '../deps.ts';
import { createUpstreams, type Upstreams, type UpstreamEvent } from '../upstreams.ts';

export const NODE_PATH = process.execPath;

/** The pin store of these tests, which answers at once. */
export const memoryPins = createMemoryPins;

/** The same store twice: a store such as SQLite answers at once, one behind a network answers later. */
export const PIN_STORES: readonly (readonly [answers: string, createPins: () => PinStore])[] = [
  ['answers at once', memoryPins],
  ['answers later', () => answersLater(createMemoryPins())],
];

export function serverSettings(
  name: string,
  transport: ServerTransport,
  more: Partial<ServerSettings> = {},
): ServerSettings {
  return {
    name,
    transport,
    allowTools: undefined,
    pin: 'first_use',
    verifyIntervalMs: 60_000,
    era: 'auto',
    clientRequests: { sampling: true, elicitation: true, roots: true },
    additionalArguments: 'reject',
    errors: 'show',
    timeoutMs: 15_000,
    startTimeoutMs: 60_000,
    resultBytesMax: 4 * 1024 * 1024,
    required: false,
    sessions: { max: 50, maxPerPrincipal: 10, idleMs: 60_000 },
    labels: [],
    ...more,
  };
}

export const stdioTransport = (args: readonly string[], env: Record<string, string> = {}): ServerTransport => ({
  kind: 'stdio',
  command: NODE_PATH,
  args,
  env,
  cwd: undefined,
});
export const httpTransport = (url: string): ServerTransport => ({ kind: 'http', url, headers: {} });

const principalOf = (key: string): Principal => ({
  user: { issuer: 'i', subject: key, roles: [], groups: [], claims: {} },
  agent: { clientId: 'c', actors: [] },
  scopes: [],
  tenantClaim: 't',
  tier: undefined,
  expiresAtMs: undefined,
  key: key as PrincipalKey,
});

export interface RecordedNotification {
  method: string;
  params: JsonObject;
}

export interface CallOptions {
  user?: string;
  era?: Era;
  session?: string | undefined;
  capabilities?: JsonObject;
  logLevel?: string;
  progressToken?: string | number;
  signal?: AbortSignal;
  deadlineMs?: number;
  notifications?: RecordedNotification[];
  onClientRequest?: (method: string, params: JsonObject, withdrawn?: AbortSignal) => Promise<JsonObject>;
  rawArguments?: Uint8Array;
}

export interface UpstreamHarness {
  upstreams: Upstreams;
  pins: PinStore;
  events: UpstreamEvent[];
  logs: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[];
  clientRequests: { method: string; params: JsonObject; principal: string }[];
  run(method: string, target: Target, params: JsonObject, options?: CallOptions): Promise<Outcome>;
  /** The result, or throws the GuardError. */
  resultOf(method: string, target: Target, params: JsonObject, options?: CallOptions): Promise<McpResult>;
  callTool(server: string, name: string, args: JsonObject, options?: CallOptions): Promise<JsonObject>;
  listNames(method: string, servers: readonly string[], options?: CallOptions): Promise<readonly string[]>;
  discover(): Promise<void>;
  refuseClientRequests: boolean;
  close(): Promise<void>;
}

export function createHarness(
  servers: readonly ServerSettings[] | (() => readonly ServerSettings[]),
  pins: PinStore = memoryPins(),
  clock: Clock = { now: () => Date.now() },
): UpstreamHarness {
  const logs: UpstreamHarness['logs'] = [];
  const events: UpstreamEvent[] = [];
  const clientRequests: UpstreamHarness['clientRequests'] = [];
  const definitionsDeps: DefinitionsDeps = {
    servers: typeof servers === 'function' ? servers : () => servers,
    pins,
    clock,
    log: (level, message, fields = {}) => void logs.push({ level, message, fields }),
    report: (event) => void events.push(event),
  };
  const definitions = createServerDefinitions(definitionsDeps);
  const guard = createGuard(permissiveStages(definitions.catalog, clock));
  const upstreams: Upstreams = createUpstreams(
    {
      ...definitionsDeps,
      steadyClock: clock,
      sealer: createSealer(Buffer.alloc(32, 7)),
      runClientRequest: (permitted, method, params, deliver) => {
        clientRequests.push({ method, params, principal: permitted.principal.key });
        if (harness.refuseClientRequests) return Promise.reject(new GuardError('not_permitted'));
        return guardedClientRequest(guard, permitted, method, params, deliver);
      },
      askAsGateway: (server, method) => runDiscovery(guard, upstreams, server, method),
      environment: { PATH: process.env['PATH'] ?? '', HOME: '/tmp', LANG: 'C.UTF-8' },
    },
    definitions,
  );
  const harness: UpstreamHarness = {
    upstreams,
    pins,
    events,
    logs,
    clientRequests,
    refuseClientRequests: false,
    run: (method, target, params, options = {}) => run(guard, upstreams, method, target, params, options),
    async resultOf(method, target, params, options) {
      const outcome = await harness.run(method, target, params, options);
      if (outcome.status === 'success') return outcome.result;
      throw outcome.error;
    },
    async callTool(server, name, args, options) {
      const token = options?.progressToken;
      const meta = token === undefined ? {} : { _meta: { progressToken: token } };
      const params = { name, arguments: args, ...meta };
      return (await harness.resultOf('tools/call', { kind: 'tool', server, name }, params, options)).value;
    },
    async listNames(method, names, options) {
      const result = await harness.resultOf(method, { kind: 'servers', servers: names }, {}, options);
      return (result.items ?? []).map(({ name }) => name);
    },
    discover: () => upstreams.discover(),
    close: () => upstreams.close(),
  };
  return harness;
}

const ignore = (): undefined => undefined;

function permissiveStages(catalog: Catalog, clock: Clock): Stages {
  return {
    authenticate: ({ credentials }) => {
      if (credentials.kind === 'on_behalf_of_call') return credentials.principal;
      return principalOf(credentials.kind === 'bearer' ? credentials.token : 'gateway');
    },
    tenant: () => ({ id: 't' as TenantId }),
    visible: (_identity, call, row) => {
      if (row.target === undefined || row.target === 'task') return undefined;
      const definition = catalog.find(call.target);
      if (definition === undefined) throw new GuardError('not_found');
      return definition;
    },
    validate: (call) => call.params,
    authorize: ignore,
    limit: ignore,
    approve: ignore,
    inspect: () => (result) => result,
    chargeRefusal: ignore,
    audit: { append: () => Promise.resolve() },
    recorder: { intent: () => ({}), outcome: () => ({}) },
    observer: { stage: ignore, decided: ignore, limited: ignore, recorded: ignore },
    clock,
  };
}

function callOf(
  method: string,
  target: Target,
  params: JsonObject,
  era: Era,
  credentials: Credentials,
  { session, signal, deadlineMs = 60_000, rawArguments }: CallOptions = {},
): Call {
  return {
    method,
    target,
    params,
    credentials,
    rawArguments,
    session: session === undefined ? undefined : { id: session, issuer: 'i', subject: 's', tenant: 't' },
    origin: {
      transport: 'http',
      era,
      protocolVersion: era === 'modern' ? '2026-07-28' : '2025-11-25',
      address: '127.0.0.1',
      correlationId: 'c',
      traceparent: undefined,
      clientInfo: undefined,
    },
    deadlineMs: Date.now() + deadlineMs,
    signal: signal ?? new AbortController().signal,
  };
}

function channelOf(era: Era, options: CallOptions): ClientChannel {
  return {
    era,
    capabilities: options.capabilities ?? {},
    logLevel: options.logLevel,
    progressToken: options.progressToken,
    notify: (method, params) => void options.notifications?.push({ method, params }),
    request: era === 'legacy' ? options.onClientRequest : undefined,
  };
}

function run(
  guard: Guard,
  upstreams: Upstreams,
  method: string,
  target: Target,
  params: JsonObject,
  options: CallOptions,
): Promise<Outcome> {
  const { era = 'legacy', user = 'ann' } = options;
  const call = callOf(method, target, params, era, { kind: 'bearer', token: user }, options);
  return guard.run(call, (permit) => upstreams.send(permit, channelOf(era, options)));
}

async function runDiscovery(guard: Guard, upstreams: Upstreams, server: string, method: string): Promise<void> {
  const target: Target = { kind: 'servers', servers: [server] };
  const call = callOf(method, target, {}, 'modern', { kind: 'gateway', tenant: '_' });
  const outcome = await guard.run(call, (permit) => upstreams.send(permit, channelOf('modern', {})));
  if (outcome.status !== 'success') throw outcome.error;
}

async function guardedClientRequest(
  guard: Guard,
  { call: { target, origin }, principal }: Permitted,
  method: string,
  params: JsonObject,
  deliver: () => Promise<JsonObject>,
): Promise<JsonObject> {
  if (!isMethod(method)) throw new GuardError('method_not_found');
  const call = callOf(method, target, params, origin.era, { kind: 'on_behalf_of_call', principal });
  const outcome = await guard.run({ ...call, target: { kind: 'gateway' } }, async (permit) => {
    spendPermit(permit);
    return { value: await deliver() };
  });
  if (outcome.status === 'success') return outcome.result.value;
  throw outcome.error;
}

export async function waitUntil(check: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > endMs) throw new Error('the condition did not become true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
