/** B2: a body in chunks of one byte costs what the same body costs in one piece. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../testing/edge-process.mts', import.meta.url));
const OLD_SPACE_MIB = 64;
const BODY_BYTES = 400_000;

/** A `ping` of about 400,000 bytes, each in a chunk of its own. */
function chunkedRequest(port: number): Buffer {
  const [head, tail] = ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"pad":"', '"}}'];
  const body = head + 'x'.repeat(BODY_BYTES) + tail;
  const chunks = Buffer.allocUnsafe(body.length * 6);
  for (let at = 0; at < body.length; at++) chunks.write(`1\r\n${body[at]}\r\n`, at * 6, 'latin1');
  const lines = [
    'POST /mcp/crm HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Authorization: Bearer alice',
    'Content-Type: application/json',
    'Connection: close',
    'Transfer-Encoding: chunked',
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), chunks, Buffer.from('0\r\n\r\n')]);
}

async function answerTo(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(received).toString();
}

it('B2 four bodies of 400,000 one-byte chunks at once leave a process of 64 MiB alive', async () => {
  const args = ['--conditions=sallyport-source', `--max-old-space-size=${OLD_SPACE_MIB}`, program];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  try {
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(said);
    const request = chunkedRequest(port);
    const answers = await Promise.all([1, 2, 3, 4].map(() => answerTo(port, request)));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  } finally {
    child.stdin.end();
    await ended;
  }
}, 300_000);
