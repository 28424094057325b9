/** The real guard with stages that let everything through, around the real upstream room: what a permit is in these tests. */
import {
  createGuard,
  createSealer,
  GuardError,
  isMethod,
  spendPermit,
  type PrincipalKey,
  type TenantId,
} from '@sallyport/guard';
import { answersLater, createMemoryPins } from '@sallyport/guard/memory';
import type {
  Call,
  Credentials,
  Era,
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
    clientRequests: { sampling: true, elicitation: true, roots: true },
    additionalArguments: 'reject',
    timeoutMs: 15_000,
    resultBytesMax: 4 * 1024 * 1024,
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
  run(method: string, target: Target, params: JsonObject, ask?: CallOptions): Promise<Outcome>;
  /** The result, or throws the GuardError. */
  resultOf(method: string, target: Target, params: JsonObject, ask?: CallOptions): Promise<McpResult>;
  callTool(server: string, name: string, args: JsonObject, ask?: CallOptions): Promise<JsonObject>;
  listNames(method: string, servers: readonly string[], ask?: CallOptions): Promise<readonly string[]>;
  discover(): Promise<void>;
  refuseClientRequests: boolean;
  close(): Promise<void>;
}

export function createHarness(
  servers: readonly ServerSettings[] | (() => readonly ServerSettings[]),
  pins: PinStore = memoryPins(),
  clock = { now: () => Date.now() },
): UpstreamHarness {
  const events: UpstreamEvent[] = [];
  const logs: UpstreamHarness['logs'] = [];
  const clientRequests: UpstreamHarness['clientRequests'] = [];
  const ignore = (): undefined => undefined;
  const house: Stages = {
    authenticate: ({ credentials }) =>
      credentials.kind === 'on_behalf_of_call'
        ? credentials.principal
        : credentials.kind === 'bearer'
          ? principalOf(credentials.token)
          : principalOf('gateway'),
    tenant: () => ({ id: 't' as TenantId }),
    visible: (_who, call, row) => {
      if (row.target === undefined || row.target === 'task') return undefined;
      const found = upstreams.catalog.find(call.target);
      if (found === undefined) throw new GuardError('not_found');
      return found;
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
  const guard = createGuard(house);
  const callOf = (
    method: string,
    target: Target,
    params: JsonObject,
    {
      credentials,
      era,
      session,
      signal,
      deadlineMs,
      rawArguments,
    }: CallOptions & { credentials: Credentials; era: Era },
  ): Call => ({
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
    deadlineMs: Date.now() + (deadlineMs ?? 60_000),
    signal: signal ?? new AbortController().signal,
  });
  const harness: UpstreamHarness = {
    upstreams: undefined as unknown as Upstreams,
    pins,
    events,
    logs,
    clientRequests,
    refuseClientRequests: false,
    run(method, target, params, ask = {}) {
      const era = ask.era ?? 'legacy';
      const call = callOf(method, target, params, {
        ...ask,
        era,
        credentials: { kind: 'bearer', token: ask.user ?? 'ann' },
      });
      const relay: ClientChannel = {
        era,
        capabilities: ask.capabilities ?? {},
        logLevel: ask.logLevel,
        progressToken: ask.progressToken,
        notify: (name, notice) => {
          ask.notifications?.push({ method: name, params: notice });
        },
        request: era === 'legacy' ? ask.onClientRequest : undefined,
      };
      return guard.run(call, (permit) => upstreams.send(permit, relay));
    },
    async resultOf(method, target, params, ask) {
      const outcome = await harness.run(method, target, params, ask);
      if (outcome.status === 'success') return outcome.result;
      throw outcome.error;
    },
    async callTool(server, name, args, ask) {
      return (
        await harness.resultOf(
          'tools/call',
          { kind: 'tool', server, name },
          {
            name,
            arguments: args,
            ...(ask?.progressToken === undefined ? {} : { _meta: { progressToken: ask.progressToken } }),
          },
          ask,
        )
      ).value;
    },
    async listNames(method, names, ask) {
      const result = await harness.resultOf(method, { kind: 'servers', servers: names }, {}, ask);
      return (result.items ?? []).map(({ name }) => name);
    },
    discover: () =>
      upstreams.discover(async (server, method) => {
        const relay: ClientChannel = {
          era: 'modern',
          capabilities: {},
          logLevel: undefined,
          progressToken: undefined,
          notify: ignore,
          request: undefined,
        };
        const outcome = await guard.run(
          callOf(
            method,
            { kind: 'servers', servers: [server] },
            {},
            { era: 'modern', credentials: { kind: 'gateway', tenant: '_' } },
          ),
          (permit) => upstreams.send(permit, relay),
        );
        if (outcome.status !== 'success') throw outcome.error;
      }),
    close: () => upstreams.close(),
  };
  const clientRequest = async (
    permitted: Permitted,
    method: string,
    params: JsonObject,
    deliver: () => Promise<JsonObject>,
  ): Promise<JsonObject> => {
    clientRequests.push({ method, params, principal: permitted.principal.key });
    if (harness.refuseClientRequests) throw new GuardError('not_permitted');
    if (!isMethod(method)) throw new GuardError('method_not_found');
    const call = callOf(method, permitted.call.target, params, {
      era: permitted.call.origin.era,
      credentials: { kind: 'on_behalf_of_call', principal: permitted.principal },
    });
    const outcome = await guard.run({ ...call, target: { kind: 'gateway' } }, async (permit) => {
      spendPermit(permit);
      return { value: await deliver() };
    });
    if (outcome.status === 'success') return outcome.result.value;
    throw outcome.error;
  };
  const upstreams = createUpstreams({
    servers: typeof servers === 'function' ? servers : () => servers,
    pins,
    sealer: createSealer(Buffer.alloc(32, 7)),
    clock,
    clientRequest,
    log: (level, message, fields) => {
      logs.push({ level, message, fields: fields ?? {} });
    },
    report: (event) => {
      events.push(event);
    },
    environment: { PATH: process.env['PATH'] ?? '', HOME: '/tmp', LANG: 'C.UTF-8' },
  });
  harness.upstreams = upstreams;
  return harness;
}

export async function waitUntil(check: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > end) throw new Error('it did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
