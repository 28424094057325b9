/**
 * One tenant's load, as a process of its own: `node attacker.ts ATTACK ADDRESS TOKEN…`, until its standard input ends.
 * It comes from an address of its own, as another customer would.
 */
import { connect as connectSocket } from 'node:net';
import { Agent, request, setGlobalDispatcher } from 'undici';
import { connect, headersFor, MODERN_META, type RawClient } from '../attacks/mcp-client.ts';

const ADDRESS = '127.0.0.2';
setGlobalDispatcher(new Agent({ localAddress: ADDRESS, connections: 1_500, pipelining: 1 }));

const [attack = '', origin = '', ...tokens] = process.argv.slice(2);
const modern = `${origin}/mcp/modern`;
const legacy = `${origin}/mcp/legacy`;
const tokenAt = (at: number): string => tokens[at % tokens.length] ?? '';
const counts = new Map<string, number>();
const count = (what: unknown): void => void counts.set(String(what), (counts.get(String(what)) ?? 0) + 1);

/** So many loops that each do the same again and again. */
const loops = (concurrency: number, act: (at: number) => Promise<unknown>): Promise<unknown> =>
  Promise.all(
    Array.from({ length: concurrency }, async (_, at) => {
      for (;;)
        await act(at).then(
          (answer) => count((answer as { status?: number } | undefined)?.status ?? 'done'),
          () => count('failed'),
        );
    }),
  );
const once = <T>(make: (at: number) => Promise<T>) => {
  const made = new Map<number, Promise<T>>();
  return (at: number): Promise<T> => {
    const known = made.get(at) ?? make(at);
    made.set(at, known);
    known.catch(() => made.delete(at));
    return known;
  };
};
const modernClient = once<RawClient>((at) => connect(modern, tokenAt(at), 'modern'));
const legacyClient = once<RawClient>((at) => connect(legacy, tokenAt(at), 'legacy'));
const ofModern =
  (method: string, params: Record<string, unknown>) =>
  async (at: number): Promise<unknown> =>
    (await modernClient(at)).send(method, params);
const call = (name: string, more: Record<string, unknown> = {}): readonly [string, Record<string, unknown>] => [
  'tools/call',
  { name, arguments: {}, ...more },
];

async function listen(at: number): Promise<unknown> {
  const params = { notifications: { toolsListChanged: true }, _meta: MODERN_META };
  const { statusCode, body } = await request(modern, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: at, method: 'subscriptions/listen', params }),
    headers: {
      ...headersFor('modern', tokenAt(at), { method: 'subscriptions/listen', params }),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
  });
  await body.dump({ limit: 1e9 });
  return { status: statusCode };
}

/** A body of 400,000 chunks of one byte each. */
const ONE_BYTE_CHUNKS = Buffer.from('1\r\nx\r\n'.repeat(400_000));
const oneByteChunks = (at: number): Promise<unknown> =>
  new Promise((resolve) => {
    const { hostname, port, host } = new URL(origin);
    const socket = connectSocket({ host: hostname, port: Number(port), localAddress: ADDRESS });
    const head = `POST /mcp/modern HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${tokenAt(at)}\r\n`;
    socket.write(`${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`);
    socket.write(ONE_BYTE_CHUNKS);
    socket.end('0\r\n\r\n');
    socket
      .on('error', () => undefined)
      .on('close', () => resolve(undefined))
      .resume();
  });

const ATTACKS: Readonly<Record<string, () => Promise<unknown>>> = {
  links: () => loops(128, async (at) => (await legacyClient(at)).send(...call('hold'))),
  sockets: () => loops(700, ofModern(...call('hold'))),
  calls: () => loops(300, ofModern(...call('alpha'))),
  'legacy calls': () => loops(100, async (at) => (await legacyClient(at)).send(...call('alpha'))),
  initialize: () => loops(100, (at) => connect(legacy, tokenAt(at), 'legacy').then(() => ({ status: 200 }))),
  lists: () => loops(100, ofModern('tools/list', {})),
  tasks: () => loops(100, ofModern('tasks/get', { taskId: 'modern.none' })),
  completion: () =>
    loops(
      100,
      ofModern('completion/complete', { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'a', value: '' } }),
    ),
  streams: () => loops(300, listen),
  'events to resume': () =>
    loops(60, async (at) =>
      (await connect(legacy, tokenAt(at), 'legacy')).send(...call('chatty', { _meta: { progressToken: at } })),
    ),
  'large bodies': () => loops(30, ofModern(...call('alpha', { arguments: { a: 'x'.repeat(3_900_000) } }))),
  'one-byte chunks': () => loops(8, oneByteChunks),
  'many arguments to record': () =>
    loops(
      30,
      ofModern(
        ...call('alpha', { arguments: Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, n])) }),
      ),
    ),
  strangers: () =>
    loops(200, async () => {
      const { statusCode, body } = await request(modern, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      });
      await body.dump();
      return { status: statusCode };
    }),
};

process.stdin
  .on('end', () => {
    process.stdout.write(JSON.stringify(Object.fromEntries(counts)));
    process.exit(0);
  })
  .resume();
if (attack === 'names') process.stdout.write(JSON.stringify(Object.keys(ATTACKS)), () => process.exit(0));
else await ATTACKS[attack]?.();
