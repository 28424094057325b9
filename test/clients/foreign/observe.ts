/** What a client that others wrote sees of a server: its tools, and its answer to one call. */
import { Client as V2Client, StreamableHTTPClientTransport as V2Http } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Json, JsonObject } from '@sallyport/guard';
import { OWN_NODE_FIRST, within } from './programs.ts';
import type { Launch } from './scratch.ts';
import type { ForeignCall } from './server.ts';

const REQUEST_TIMEOUT_MS = 180_000;
/** For all that one client does. */
const OBSERVE_TIMEOUT_MS = 400_000;
const CLOSE_TIMEOUT_MS = 30_000;
const PAGES_MAX = 100;

export interface Observed {
  /** The definitions as they came. */
  readonly tools: readonly JsonObject[];
  /** Content, structured content and error flag of the call, or the error that it ended with. */
  readonly answer?: Json;
  /** Why nothing could be observed. */
  readonly failed?: string;
}

/** Over standard input and output, as a client starts a server by itself. */
export async function observeDirectly(launch: Launch, call: ForeignCall | undefined): Promise<Observed> {
  const [command = '', ...args] = launch.command;
  const inherited = ['HOME', 'LANG', 'TMPDIR'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  const env = { PATH: OWN_NODE_FIRST, ...Object.fromEntries(inherited), ...launch.env };
  const transport = new StdioClientTransport({ command, args, env, cwd: launch.cwd, stderr: 'pipe' });
  let stderr = '';
  transport.stderr?.on('data', (bytes: Buffer) => (stderr = (stderr + bytes.toString()).slice(-400)));
  const seen = await observeV1(transport, call);
  return seen.failed === undefined ? seen : { tools: [], failed: `${seen.failed} ${stderr}`.trim() };
}

/** Through a gateway, by the first SDK: a client of the legacy era. */
export const observeLegacy = (url: URL, token: string, call: ForeignCall | undefined): Promise<Observed> =>
  observeV1(new StreamableHTTPClientTransport(url, requestInit(token)), call);

const requestInit = (token: string): { requestInit: { headers: { authorization: string } } } => ({
  requestInit: { headers: { authorization: `Bearer ${token}` } },
});

function observeV1(
  transport: StdioClientTransport | StreamableHTTPClientTransport,
  call: ForeignCall | undefined,
): Promise<Observed> {
  const client = new Client({ name: 'foreign', version: '1' });
  const options = { timeout: REQUEST_TIMEOUT_MS };
  return observed(client, async () => {
    await client.connect(transport as never, options);
    // `request` hands on every member of a definition, `listTools` only those that the SDK knows.
    const ask = (method: string, params: Json): Promise<JsonObject> =>
      client.request({ method, params } as never, ResultSchema, options) as unknown as Promise<JsonObject>;
    const tools = await everyPage((cursor) => ask('tools/list', cursor === undefined ? {} : { cursor }));
    if (call === undefined) return { tools };
    const params = { name: call.tool, arguments: call.arguments as JsonObject };
    return { tools, answer: await answerOf(() => ask('tools/call', params)) };
  });
}

/** What a client saw, or why it saw nothing; the client is closed. */
async function observed(
  client: { readonly close: () => Promise<void> },
  observe: () => Promise<Observed>,
): Promise<Observed> {
  try {
    return await within(OBSERVE_TIMEOUT_MS, 'listing and calling were', observe());
  } catch (error) {
    return { tools: [], failed: sentenceOf(error) };
  } finally {
    await within(CLOSE_TIMEOUT_MS, 'closing was', client.close()).catch(() => undefined);
  }
}

/** Through a gateway, by the second SDK, which finds out that the gateway speaks the modern era. */
export function observeModern(url: URL, token: string, call: ForeignCall | undefined): Promise<Observed> {
  const client = new V2Client({ name: 'foreign', version: '1' }, {
    versionNegotiation: { mode: 'auto' },
    defaultRequestTimeoutMs: REQUEST_TIMEOUT_MS,
  } as never);
  return observed(client, async () => {
    await client.connect(new V2Http(url, requestInit(token)));
    const tools = await everyPage(
      async (cursor) => (await client.listTools(cursor === undefined ? {} : { cursor })) as unknown as JsonObject,
    );
    if (call === undefined) return { tools };
    const params = { name: call.tool, arguments: { ...call.arguments } };
    return { tools, answer: await answerOf(async () => (await client.callTool(params)) as unknown as JsonObject) };
  });
}

async function everyPage(read: (cursor: string | undefined) => Promise<JsonObject>): Promise<JsonObject[]> {
  const tools: JsonObject[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const result = await read(cursor);
    tools.push(...(result['tools'] as unknown as JsonObject[]));
    const next = result['nextCursor'];
    if (typeof next !== 'string') break;
    cursor = next;
  }
  return tools;
}

async function answerOf(send: () => Promise<JsonObject>): Promise<Json> {
  try {
    const { content, structuredContent, isError } = await send();
    return { content: content ?? null, structuredContent: structuredContent ?? null, isError: isError === true };
  } catch (error) {
    return { error: sentenceOf(error) };
  }
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
