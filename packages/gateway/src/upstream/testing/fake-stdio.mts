/** A hostile stdio server, `node fake-stdio.mts MODE`: like a legacy server, except for what the mode changes. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [mode = 'plain', argument = ''] = process.argv.slice(2);
const send = (message: unknown): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};
const reply = (id: unknown, result: unknown): void => send({ jsonrpc: '2.0', id, result });
const text = (value: string): unknown => ({ content: [{ type: 'text', text: value }] });

if (mode === 'stubborn') {
  process.on('SIGTERM', () => undefined);
  const grandchild = spawn(process.execPath, ['-e', 'process.on("SIGTERM",()=>{}); setInterval(()=>{},1e6)'], {
    stdio: 'ignore',
  });
  writeFileSync(argument, `${process.pid} ${grandchild.pid}`);
  setInterval(() => undefined, 1e6);
}
if (mode.startsWith('daemon')) {
  // Leaves the session and the process group, and its parent ends at once: a daemon. It ignores SIGTERM.
  const program = `process.on("SIGTERM", () => {}); require("fs").appendFileSync(process.argv[1], process.pid + "\\n");
    setInterval(() => {}, 1e6)`;
  const run = 'trap "" HUP; "$1" -e "$2" "$3" & exit';
  spawn('/bin/sh', ['-c', run, 'sh', process.execPath, program, argument], {
    stdio: 'ignore',
    detached: true,
    ...(mode === 'daemon-without-environment' && { env: {} }),
  });
}
if (mode === 'noise')
  process.stdout.write('Welcome to my server!\n\u001b[31mred\u001b[0m\n{"jsonrpc":"2.0"\n[]\n42\n\n');
if (mode === 'stderr')
  for (let at = 0; at < 20_000; at++) process.stderr.write(`\u001b[31mline ${at} ${'x'.repeat(500)}\n`);
if (mode === 'crash') {
  appendFileSync(argument, 'x');
  process.exit(3);
}
if (mode === 'complains') {
  process.stderr.write(`starting\n\u001b[31mno database at db.example, token ${process.env['TOKEN']}\u001b[0m\n`);
  process.exit(4);
}
if (mode.startsWith('slow-')) {
  // It reads nothing until the test lets it, as a server that is still being downloaded.
  appendFileSync(`${argument}.starts`, `${process.pid}\n`);
  while (!existsSync(argument)) await sleep(20);
}
const floods = ['notifications', 'large', 'progress', 'responses', 'pings', 'blanks', 'errors'];
let hangs = false;
let first = true;

let subscriptions = 0;
/** A call that is answered after the next one. */
let unanswered: number | undefined;
/** 2026-07-28: the server ends the first subscription, and sends a notification on the second one. */
function modern(id: unknown, method: string | undefined): boolean {
  if (!['modern', 'asks-and-ends', 'slow-modern'].includes(mode) || method === undefined) return false;
  const complete = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
  const tag = { _meta: { 'io.modelcontextprotocol/subscriptionId': id } };
  if (method === 'server/discover')
    reply(id, { ...complete, supportedVersions: ['2026-07-28'], capabilities: { tools: { listChanged: true } } });
  else if (method === 'initialize')
    send({ jsonrpc: '2.0', id, error: { code: -32022, message: 'Unsupported protocol version' } });
  else if (method === 'tools/list')
    reply(id, { ...complete, tools: [{ name: 'echo', inputSchema: { type: 'object' } }] });
  else if (method === 'subscriptions/listen') {
    send({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: {}, ...tag } });
    if (++subscriptions === 1)
      send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, ...tag } });
    else send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: tag });
  } else if (mode === 'asks-and-ends' && method === 'tools/call') {
    appendFileSync(argument, 'executed\n');
    const name = { method: 'elicitation/create', params: { mode: 'form', message: 'Name?', requestedSchema: {} } };
    reply(id, { ...complete, resultType: 'input_required', inputRequests: { name } });
    process.stdout.write('', () => process.exit(0));
  }
  return true;
}

/** Writes the line again and again, as quickly as it is read. */
function writeForever(stream: NodeJS.WriteStream, line: string): void {
  const block = line.repeat(Math.ceil((1 << 16) / line.length));
  const more = (): void => {
    if (stream.write(block)) setImmediate(more);
    else stream.once('drain', more);
  };
  more();
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line) as {
    id?: number;
    method?: string;
    params?: { name?: string; arguments?: { text?: string }; requestId?: number };
  };
  if (hangs) return;
  if (first && mode === 'slow-strict' && method !== 'initialize') process.exit(6);
  first = false;
  if (modern(id, method)) return;
  if (method === 'server/discover') {
    if (mode === 'dies-at-probe') process.exit(1);
    if (mode === 'silent-at-probe' || mode === 'slow-silent') return;
    return send({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } });
  }
  if (method === 'ping') return reply(id, {});
  if (method === 'initialize')
    return reply(id, {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'fake', version: '1' },
    });
  if (method === 'tools/list')
    return reply(id, {
      tools: [
        'echo',
        'env',
        'flood',
        'endless',
        'pid',
        'late',
        'doubled',
        'foreign',
        'crash',
        'big',
        'odd',
        'hang',
        'error',
        ...floods,
      ].map((name) => ({ name, inputSchema: { type: 'object' } })),
    });
  if (method === 'notifications/cancelled' && mode === 'late') reply(params?.requestId, text('LATE CANARY'));
  if (method !== 'tools/call') return;
  switch (params?.name) {
    case 'echo':
      reply(id, text(params.arguments?.text ?? ''));
      if (unanswered !== undefined) reply(unanswered, text('own'));
      unanswered = undefined;
      return;
    case 'error':
      return send({ jsonrpc: '2.0', id, error: params.arguments });
    case 'env':
      return reply(id, text(JSON.stringify(process.env)));
    case 'pid':
      return reply(id, text(String(process.pid)));
    case 'flood':
      for (let at = 0; at < 5_000; at++)
        send({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } });
      return reply(id, text('flooded'));
    case 'notifications':
      return writeForever(process.stdout, '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}\n');
    case 'large':
      return writeForever(
        process.stdout,
        `{"jsonrpc":"2.0","method":"x","params":{"data":"${'x'.repeat(1 << 18)}"}}\n`,
      );
    case 'progress':
      return writeForever(
        process.stdout,
        `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${id},"progress":1}}\n`,
      );
    case 'responses':
      return writeForever(process.stdout, '{"jsonrpc":"2.0","id":0,"result":{}}\n');
    case 'pings':
      return writeForever(process.stdout, '{"jsonrpc":"2.0","id":"p","method":"ping"}\n');
    case 'blanks':
      return writeForever(process.stdout, '\n');
    case 'errors':
      return writeForever(process.stderr, `error ${'e'.repeat(100)}\n`);
    case 'endless': {
      const block = 'x'.repeat(1 << 20);
      const more = (): void => {
        if (process.stdout.write(block)) setImmediate(more);
        else process.stdout.once('drain', more);
      };
      return more();
    }
    case 'big':
      return reply(id, text('y'.repeat(100_000)));
    case 'late':
      return;
    case 'hang':
      hangs = true;
      return;
    case 'doubled':
      reply(id, text('first'));
      return reply(id, text('second'));
    case 'foreign':
      reply((id ?? 0) + 1, text('STOLEN'));
      reply('1', text('STOLEN'));
      reply(null, text('STOLEN'));
      unanswered = id;
      return;
    case 'crash':
      process.exit(5);
      return;
    case 'odd':
      process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[],"a":1,"a":12345678901234567890}}\n`);
      return;
    default:
      return send({ jsonrpc: '2.0', id, error: { code: -32602, message: 'Unknown tool' } });
  }
});
if (mode !== 'stubborn') process.stdin.on('end', () => process.exit(0));
