/**
 * A real edge for tests: node:http behind the listener that production uses, the real guard with the real stages,
 * tokens that are looked up in a table, and behind the guard a few tools instead of servers.
 */
import { connect as connectTcp } from 'node:net';
import {
  createGuard,
  createSealer,
  GuardError,
  spendPermit,
  standardPipeline,
  type Call,
  type Digest,
  type Credentials,
  type Definition,
  type DefinitionKind,
  type JsonObject,
  type McpResult,
  type Permitted,
  type Principal,
  type ClientChannel,
  type Target,
} from '@sallyport/guard';
import { createRecorder, createRedactor, type AuditRecord } from '@sallyport/guard/audit';
import {
  createMemoryApprovals,
  createMemoryAuditLog,
  createMemoryRateLimiter,
  createMemorySessions,
  createMemoryTenants,
  silentObserver,
  systemClock,
  type MemoryApprovals,
} from '@sallyport/guard/memory';
import { principalKey, readAuthorization } from '@sallyport/guard/stages';
import { openListener } from '../../listen/listener.ts';
import type { GatewaySettings, ServerProfile } from '../../snapshot.ts';
import type { HttpEdgeDeps as EdgeDeps, RequestReport } from '../deps.ts';
import { createHttpEdge, type HttpEdge } from '../http/edge.ts';

export interface Sent {
  readonly call: Call;
  readonly principal: Principal;
}

export type Tool = (permitted: Permitted, relay: ClientChannel) => Promise<McpResult> | McpResult;

export interface BenchOptions {
  readonly settings?: Partial<GatewaySettings>;
  readonly tools?: Readonly<Record<string, Tool>>;
  /** Answers everything that is no list and no tool. */
  readonly other?: Tool;
  readonly definitions?: readonly Definition[];
  readonly addressLimit?: number;
  readonly approvals?: readonly { readonly server: string; readonly tool: string }[];
  readonly limit?: number;
  readonly deny?: (definition: Definition) => boolean;
  readonly sealingSecret?: Uint8Array;
  readonly faces?: Readonly<Record<string, Partial<ServerProfile>>>;
}

export interface Bench {
  readonly url: string;
  readonly port: number;
  readonly edge: HttpEdge;
  readonly deps: EdgeDeps;
  readonly sent: Sent[];
  readonly reports: RequestReport[];
  readonly records: (tenant: string) => readonly AuditRecord[];
  readonly approvals: MemoryApprovals;
  close(): Promise<void>;
}

/** token → who: `alice2` is alice with a refreshed token, `alice-bot` is alice through another agent. */
const WHO: Readonly<Record<string, readonly [subject: string, tenant: string, agent: string]>> = {
  alice: ['alice', 'acme', 'agent'],
  alice2: ['alice', 'acme', 'agent'],
  'alice-bot': ['alice', 'acme', 'bot'],
  bob: ['bob', 'acme', 'agent'],
  carol: ['carol', 'globex', 'agent'],
  nobody: ['nobody', 'nowhere', 'agent'],
};
export const ISSUER = 'https://issuer.test';

export function principalOf(token: string): Principal | undefined {
  const [name = '', number] = token.split('.');
  const who = Object.hasOwn(WHO, name) ? WHO[name] : undefined;
  if (who === undefined) return undefined;
  const user = {
    issuer: ISSUER,
    subject: number === undefined ? who[0] : `${who[0]}.${number}`,
    roles: [],
    groups: [],
    claims: {},
  };
  const agent = { clientId: who[2], actors: [] };
  return {
    user,
    agent,
    scopes: [],
    tenantClaim: who[1],
    tier: undefined,
    expiresAtMs: undefined,
    key: principalKey(user, agent, who[1]),
  };
}

function authenticate(credentials: Credentials): Principal | undefined {
  if (credentials.kind !== 'bearer') return undefined;
  if (credentials.token === 'narrow')
    throw new GuardError('insufficient_scope', { data: { error: 'insufficient_scope', scope: 'mcp:read mcp:call' } });
  const principal = principalOf(credentials.token);
  if (principal === undefined) throw new GuardError('unauthenticated', { data: { error: 'invalid_token' } });
  return principal;
}

export function definition(server: string, kind: DefinitionKind, name: string, document: JsonObject = {}): Definition {
  const named =
    kind === 'resource' ? { uri: name, name } : kind === 'resource_template' ? { uriTemplate: name, name } : { name };
  return {
    server,
    kind,
    name,
    labels: [],
    digest: `sha256:${Buffer.from(`${server}/${kind}/${name}`).toString('hex').padEnd(64, '0').slice(0, 64)}` as Digest,
    document: { ...named, ...(kind === 'tool' && { inputSchema: { type: 'object' } }), ...document },
  };
}

const OPEN: JsonObject = { inputSchema: { type: 'object', additionalProperties: true } };
export const DEFINITIONS: readonly Definition[] = [
  definition('crm', 'tool', 'echo', OPEN),
  definition('crm', 'tool', 'fail', OPEN),
  definition('crm', 'tool', 'talk', OPEN),
  definition('crm', 'tool', 'ask', OPEN),
  definition('crm', 'tool', 'link', OPEN),
  definition('crm', 'tool', 'wait', OPEN),
  definition('crm', 'tool', 'erase', OPEN),
  definition('crm', 'tool', 'secret', OPEN),
  definition('crm', 'tool', 'pretty', OPEN),
  definition('crm', 'tool', 'strict', {
    inputSchema: {
      type: 'object',
      additionalProperties: false,
      required: ['n'],
      properties: { n: { type: 'integer' } },
    },
  }),
  definition('crm', 'tool', 'mirror', {
    inputSchema: {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        count: { type: 'integer', 'x-mcp-header': 'Count' },
        dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
        nested: { type: 'object', properties: { deep: { type: 'string', 'x-mcp-header': 'Deep' } } },
      },
    },
  }),
  definition('crm', 'prompt', 'greet', { arguments: [{ name: 'who' }] }),
  definition('crm', 'resource', 'file:///a'),
  definition('crm', 'resource_template', 'file:///{path}'),
  definition('docs', 'tool', 'echo', OPEN),
  definition('docs', 'tool', 'app', { ...OPEN, _meta: { ui: { resourceUri: 'ui://app/main' } } }),
  definition('docs', 'resource', 'ui://app/main'),
  definition('docs', 'resource', 'file:///a'),
  definition('docs', 'prompt', 'greet'),
];

const text = (said: string): McpResult => ({ value: { content: [{ type: 'text', text: said }] } });

const TOOLS: Readonly<Record<string, Tool>> = {
  echo: ({ call, principal }) =>
    text(
      JSON.stringify({
        said: call.params['arguments'] ?? null,
        to: 'server' in call.target ? call.target.server : '',
        by: principal.user.subject,
      }),
    ),
  fail: () => {
    throw new GuardError('upstream_failed', { rpc: { code: -32050, data: { why: 'no' } }, message: 'It said no.' });
  },
  async talk({ call }, relay) {
    for (let step = 1; step <= 3; step++) {
      relay.notify('notifications/progress', { progressToken: relay.progressToken ?? 'none', progress: step });
      await pause(5);
    }
    return text(JSON.stringify((call.params['arguments'] as JsonObject | undefined)?.['canary'] ?? ''));
  },
  async ask(_permitted, relay) {
    if (relay.request === undefined) return text('cannot ask');
    return text(
      JSON.stringify(
        await relay.request('elicitation/create', {
          message: 'Sure?',
          requestedSchema: { type: 'object', properties: {} },
        }),
      ),
    );
  },
  link: () => ({
    value: {
      content: [
        { type: 'resource_link', uri: 'file:///a', name: 'a' },
        { type: 'resource', resource: { uri: 'ui://app/main', text: 'x' } },
      ],
      structuredContent: { uri: 'file:///mine' },
    },
  }),
  // A result as some servers write it: over several lines, with a space before the end.
  pretty: (_permitted, relay) => {
    if (relay.progressToken !== undefined)
      relay.notify('notifications/progress', { progressToken: relay.progressToken, progress: 1 });
    return {
      value: { content: [{ type: 'text', text: 'a\n\ndata: b' }] },
      bytes: Buffer.from('{\n\n "content": [\r\n{"type":"text","text":"a\\n\\ndata: b"}] }'),
    };
  },
  wait: ({ call }) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => resolve(text('late')), 2_000);
      call.signal.addEventListener(
        'abort',
        () => {
          clearTimeout(late);
          reject(new GuardError('cancelled'));
        },
        { once: true },
      );
    }),
};

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

function sendWith(options: BenchOptions, definitions: readonly Definition[], sent: Sent[]): EdgeDeps['send'] {
  return async (permit, relay) => {
    const permitted = spendPermit(permit);
    const { call, principal } = permitted;
    sent.push({ call, principal });
    const kind = (
      {
        'tools/list': 'tool',
        'prompts/list': 'prompt',
        'resources/list': 'resource',
        'resources/templates/list': 'resource_template',
      } as const
    )[call.method];
    if (kind !== undefined) {
      const { target } = call;
      return {
        value: { cacheScope: 'public', ttlMs: 5_000 },
        items: definitions.filter(
          (one) => one.kind === kind && target.kind === 'servers' && target.servers.includes(one.server),
        ),
      };
    }
    if (call.method === 'tools/call' && 'name' in call.target) {
      const tool = { ...TOOLS, ...options.tools }[call.target.name];
      return tool === undefined ? text(call.target.name) : await tool(permitted, relay);
    }
    if (options.other !== undefined) return options.other(permitted, relay);
    return { value: answerOf(call) };
  };
}

function answerOf({ method, target, params }: Call): JsonObject {
  const name = 'name' in target ? target.name : '';
  switch (method) {
    case 'resources/read':
      return { contents: [{ uri: name, text: 'x' }], cacheScope: 'public' };
    case 'prompts/get':
      return { messages: [{ role: 'user', content: { type: 'resource_link', uri: 'file:///a', name: 'a' } }] };
    case 'completion/complete':
      return { completion: { values: [JSON.stringify(params['ref'])] } };
    default:
      return {};
  }
}

const permitAll = (deny: ((definition: Definition) => boolean) | undefined) => {
  const grant = { policies: ['all'], revision: '1', cacheable: true };
  return {
    revision: '1',
    couldAllow: ({ definition: one }: { definition: Definition }) => deny?.(one) !== true,
    decide: ({ definition: one }: { definition: Definition }) =>
      deny?.(one) === true
        ? ({ effect: 'deny', grant, error: undefined } as const)
        : ({ effect: 'allow', grant } as const),
  };
};

export const same = (one: Target, other: Definition): boolean =>
  'server' in one && one.server === other.server && one.kind === other.kind && one.name === other.name;

function depsFor(
  options: BenchOptions,
  parts: { readonly sent: Sent[]; readonly reports: RequestReport[]; readonly port: () => number },
): { readonly deps: EdgeDeps; readonly records: Bench['records']; readonly approvals: MemoryApprovals } {
  const definitions = options.definitions ?? DEFINITIONS;
  const audit = createMemoryAuditLog();
  const approvals = createMemoryApprovals(systemClock);
  const find = (target: Target): Definition | undefined => definitions.find((one) => same(target, one));
  const house = standardPipeline(
    {
      authenticators: [authenticate],
      tenants: createMemoryTenants(() => ['acme', 'globex']),
      catalog: { find },
      policy: () => permitAll(options.deny),
      limiter: createMemoryRateLimiter(systemClock),
      approvals,
      audit,
      observer: silentObserver,
      clock: systemClock,
      recorder: createRecorder(createRedactor({ keyOf: () => new Uint8Array(32), clear: () => [] })),
    },
    {
      allowTools: () => undefined,
      additionalArguments: () => 'allow',
      maxResultBytes: () => 10_000_000,
      refusalsPerMinute: () => 1_000_000,
      tokenRefused: () => {},
      tiers: () => ({ default: [{ limit: options.limit ?? 1_000_000, periodMs: 60_000, per: ['user'] }] }),
      approvalRules: () => options.approvals ?? [],
      approvalTtlMs: () => 60_000,
    },
  );
  const face = (name: string): ServerProfile => ({
    serverInfo: { name: `the ${name}`, version: '1.0.0' },
    instructions: undefined,
    capabilities: { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true, listChanged: true } },
    ...options.faces?.[name],
  });
  const settings = (): GatewaySettings => ({
    listen: { host: '127.0.0.1', port: parts.port(), tls: undefined, behindTlsProxy: false },
    publicUrl: 'https://mcp.example.test',
    allowedHosts: [],
    allowedOrigins: ['https://app.example.test'],
    bodyBytesMax: 1_000_000,
    depthMax: 32,
    keysMax: 10_000,
    streamsPerPrincipalMax: 4,
    requestTimeoutMs: 30_000,
    sessionLifetimeMs: 60_000,
    addressLimitPerMinute: options.addressLimit ?? 1_000_000,
    ...options.settings,
  });
  const deps: EdgeDeps = {
    guard: createGuard(house),
    send: sendWith(options, definitions, parts.sent),
    definitionOf: find,
    maySee: () => true,
    snapshot: () => ({
      gateway: settings(),
      issuers: [{ issuer: ISSUER, requiredScopes: ['mcp'] }],
      servers: ['crm', 'docs'],
    }),
    clock: systemClock,
    profileOf: (name) => (name === 'crm' || name === 'docs' ? face(name) : undefined),
    sessions: createMemorySessions(systemClock),
    sealer: createSealer(options.sealingSecret ?? new Uint8Array(32).fill(7)),
    limiter: createMemoryRateLimiter(systemClock),
    readAuthorization,
    log: () => {},
    report: (event) => void parts.reports.push(event),
    called: () => {},
    addressLimited: () => {},
    rejected: () => {},
  };
  return { deps, approvals, records: (tenant) => audit.records(tenant) };
}

export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const sent: Sent[] = [];
  const reports: RequestReport[] = [];
  let port = 0;
  const { deps, records, approvals } = depsFor(options, { sent, reports, port: () => port });
  const edge = createHttpEdge(deps);
  const listener = await openListener({
    name: 'gateway',
    settings: deps.snapshot().gateway.listen,
    handler: edge.handle,
    limits: { drainMs: 500 },
  });
  port = Number(new URL(listener.url).port);
  return {
    url: listener.url,
    port,
    edge,
    deps,
    sent,
    reports,
    records,
    approvals,
    close: async () => {
      await edge.close();
      await listener.close();
    },
  };
}

/** Sends bytes as they are and reads until the other side ends the connection, or nothing comes for a while. */
export function raw(port: number, bytes: string | Buffer, quietMs = 300): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.write(bytes);
    });
    const done = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.setTimeout(quietMs, done);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', done);
    socket.on('close', done);
  });
}
