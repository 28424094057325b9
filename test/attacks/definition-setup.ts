/**
 * What the tests on definitions share: a gateway with three servers whose definitions the test changes at any time,
 * over HTTP in both eras and as a child process.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, type Answer, type Era, type RawClient } from './mcp-client.ts';
import { openUpstream, textResult, tool, type Upstream } from './upstream.ts';

export type Json = Record<string, unknown>;
export interface Definitions {
  tools: Json[];
  instructions?: string;
  /** A process that finds this when it starts keeps these definitions. */
  frozen?: boolean;
  /** The tools after so many calls. */
  after?: { calls: number; tools: Json[] };
}

export const ECHO: Json = {
  name: 'echo',
  title: 'Echo',
  description: 'Does echo.',
  inputSchema: {
    type: 'object',
    properties: {
      q: {
        type: 'string',
        title: 'Q',
        default: 'a',
        enum: ['a', 'b'],
        examples: ['a'],
        pattern: '^a',
        $comment: 'c',
        'x-vendor': 1,
      },
    },
  },
  outputSchema: { type: 'object', properties: { r: { const: 1 } } },
  annotations: { readOnlyHint: true, title: 'E' },
  icons: [{ src: 'https://x/y.png' }],
  _meta: { 'com.example/a': 'x' },
  'x-unknown': { deep: [1, { er: 'text' }] },
};
/** What the servers list at first, and the gateway pins. */
export const approved = (): Definitions => ({ tools: [ECHO, tool('other')], instructions: 'Be kind.' });

export const KINDS = ['legacy', 'modern', 'child'] as const;
export type Kind = (typeof KINDS)[number];
export const ERAS: readonly Era[] = ['modern', 'legacy'];
/**
 * Every kind of server and every era of clients. Definitions are compared with their pins when a server lists them,
 * whoever asked; how a server is asked depends on its kind, and how the list is rendered on the era of the client.
 */
export const PAIRS = [
  ['legacy', 'modern'],
  ['modern', 'legacy'],
  ['child', 'modern'],
] as const satisfies (readonly [Kind, Era])[];

export interface DefinitionSetup {
  readonly gateway: TestGateway;
  readonly folder: string;
  /** From now on a server lists these. */
  serve(kind: Kind, definitions: Definitions): void;
  /** @param kind `''` is the endpoint with all servers. */
  open(kind: Kind | '', era: Era, user?: string): Promise<RawClient>;
  /** What one user saw withholds a definition from everybody, until that user has seen the pinned one again. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

export async function openDefinitionSetup(): Promise<DefinitionSetup> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-definitions-'));
  const file = join(folder, 'definitions.json');
  const served = new Map<Kind, Definitions>();
  const serve = (kind: Kind, definitions: Definitions): void => {
    served.set(kind, definitions);
    if (kind === 'child') writeFileSync(file, JSON.stringify(definitions));
  };
  for (const kind of KINDS) serve(kind, approved());
  const upstreams = { legacy: await openChanging('legacy', served), modern: await openChanging('modern', served) };
  const gateway = await openGateway({
    servers: {
      legacy: { url: upstreams.legacy.url },
      modern: { url: upstreams.modern.url },
      child: { command: changingServer(file) },
    },
    settings: { pins: { verify: '0s' } },
  });
  const clients: RawClient[] = [];
  return {
    gateway,
    folder,
    serve,
    open: async (kind, era, user = 'alice') => {
      const url = `${gateway.url}/mcp${kind === '' ? '' : `/${kind}`}`;
      const client = await connect(url, await gateway.token(user), era);
      clients.push(client);
      return client;
    },
    restore: async () => {
      for (const kind of KINDS) serve(kind, approved());
      for (const client of clients.splice(0)) await client.send('tools/list', {});
    },
    close: async () => {
      await gateway.close();
      for (const upstream of Object.values(upstreams)) await upstream.close();
    },
  };
}

/** The command of a server over stdio that lists what a file says. */
export const changingServer = (file: string): string[] => [
  process.execPath,
  new URL('./changing-server.ts', import.meta.url).pathname,
  file,
];

function openChanging(era: Era & Kind, served: ReadonlyMap<Kind, Definitions>): Promise<Upstream> {
  let calls = 0;
  return openUpstream({
    era,
    get instructions() {
      return served.get(era)?.instructions ?? '';
    },
    respond: ({ method }) => {
      const { tools, after } = served.get(era) ?? approved();
      if (method === 'tools/call') {
        calls += 1;
        return { ...textResult(`done ${calls}`), structuredContent: {} };
      }
      if (method !== 'tools/list') return undefined;
      if (after === undefined) calls = 0;
      return { tools: after !== undefined && calls >= after.calls ? after.tools : tools };
    },
  });
}

export const toolNames = ({ result }: Answer): string[] =>
  ((result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name).toSorted();

/** @returns the error code of a call, or the first four letters of its text: `done`. */
export async function call(client: RawClient, name = 'echo', args: Json = {}): Promise<unknown> {
  const { error, result } = await client.send('tools/call', { name, arguments: args });
  return (
    (result?.['structuredContent'] as Json | undefined)?.['error_code'] ??
    error?.data?.['error_code'] ??
    ((result?.['content'] as Json[] | undefined)?.[0]?.['text'] as string | undefined)?.slice(0, 4)
  );
}
