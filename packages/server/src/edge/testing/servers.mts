/** Two servers for tests, `crm` and `docs`: their definitions, and functions in place of their tools. */
import {
  GuardError,
  spendPermit,
  type Call,
  type ClientChannel,
  type Definition,
  type DefinitionKind,
  type Digest,
  type JsonObject,
  type McpResult,
  type Permitted,
  type Principal,
  type SendUpstream,
} from '@sallyport/guard';
import { listOf, listReadBy, LISTS } from '../../mcp/lists.ts';
import { pause } from './pause.mts';

/** A call that was sent upstream. */
export interface Sent {
  readonly call: Call;
  readonly principal: Principal;
}

export type Tool = (permitted: Permitted, channel: ClientChannel) => Promise<McpResult> | McpResult;

/** A definition as an approved pin. @param document what it has besides its name. */
export function definition(server: string, kind: DefinitionKind, name: string, document: JsonObject = {}): Definition {
  const identifier = kind === 'server' ? 'name' : LISTS[kind].identifier;
  return {
    server,
    kind,
    name,
    labels: [],
    digest: `sha256:${Buffer.from(`${server}/${kind}/${name}`).toString('hex').padEnd(64, '0').slice(0, 64)}` as Digest,
    document: { [identifier]: name, name, ...(kind === 'tool' && { inputSchema: { type: 'object' } }), ...document },
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
  definition('docs', 'prompt', 'greet', { arguments: [{ name: 'who' }] }),
];

const textResult = (text: string): McpResult => ({ value: { content: [{ type: 'text', text }] } });

const TOOLS: Readonly<Record<string, Tool>> = {
  echo: ({ call, principal }) =>
    textResult(
      JSON.stringify({
        said: call.params['arguments'] ?? null,
        to: 'server' in call.target ? call.target.server : '',
        by: principal.user.subject,
      }),
    ),
  fail: () => {
    throw new GuardError('upstream_failed', { rpc: { code: -32050, data: { why: 'no' } }, message: 'It said no.' });
  },
  async talk({ call }, channel) {
    for (let progress = 1; progress <= 3; progress++) {
      channel.notify('notifications/progress', { progressToken: channel.progressToken ?? 'none', progress });
      await pause(5);
    }
    return textResult(JSON.stringify((call.params['arguments'] as JsonObject | undefined)?.['canary'] ?? ''));
  },
  async ask(_permitted, channel) {
    if (channel.request === undefined) return textResult('cannot ask');
    return textResult(
      JSON.stringify(
        await channel.request('elicitation/create', {
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
  // Some servers write a result over several lines, with a space before its end.
  pretty: (_permitted, channel) => {
    if (channel.progressToken !== undefined)
      channel.notify('notifications/progress', { progressToken: channel.progressToken, progress: 1 });
    return {
      value: { content: [{ type: 'text', text: 'a\n\ndata: b' }] },
      bytes: Buffer.from('{\n\n "content": [\r\n{"type":"text","text":"a\\n\\ndata: b"}] }'),
    };
  },
  wait: ({ call }) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => resolve(textResult('late')), 2_000);
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

/** What is behind the guard instead of servers. */
export interface FakeServers {
  readonly definitions: readonly Definition[];
  /** Besides the usual ones. */
  readonly tools: Readonly<Record<string, Tool>>;
  /** Answers everything that is neither a list nor a tool call. */
  readonly other: Tool | undefined;
}

/** Sends calls to functions, and keeps each call in `sent`. */
export function sendTo({ definitions, tools, other }: FakeServers, sent: Sent[]): SendUpstream {
  return async (permit, channel) => {
    const permitted = spendPermit(permit);
    const { call, principal } = permitted;
    const { method, target } = call;
    sent.push({ call, principal });
    const list = listReadBy(method);
    if (list !== undefined) {
      const isListed = ({ kind, server }: Definition): boolean =>
        listOf(kind) === list && target.kind === 'servers' && target.servers.includes(server);
      return { value: { cacheScope: 'public', ttlMs: 5_000 }, items: definitions.filter(isListed) };
    }
    if (method === 'tools/call' && 'name' in target) {
      const tool = { ...TOOLS, ...tools }[target.name];
      return tool === undefined ? textResult(target.name) : tool(permitted, channel);
    }
    return other === undefined ? { value: resultOf(call) } : other(permitted, channel);
  };
}

function resultOf({ method, target, params }: Call): JsonObject {
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
