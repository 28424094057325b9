/**
 * A witness (C2SP tlog-witness) in a process of its own: it remembers the newest checkpoint of each log in a file, and
 * signs only what continues it.
 *
 * Its arguments: the file, and the public keys of the logs. It prints its address and its public key.
 */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { openCheckpoint, verifyConsistency } from '@sallyport/guard/audit';

const [stateFile = '', ...logKeys] = process.argv.slice(2);
const NAME = 'witness.test/w1';
const key = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 3)]),
  format: 'der',
  type: 'pkcs8',
});
const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
const typedKey = Buffer.concat([Buffer.from([4]), publicKey]);
const id = createHash('sha256').update(`${NAME}\n`).update(typedKey).digest().subarray(0, 4);

type Seen = Record<string, { size: number; root: string }>;
const seen: Seen = existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, 'utf8')) as Seen) : {};

interface Answer {
  readonly status: number;
  readonly body?: string;
}

/** The rules of add-checkpoint, in the order of the specification. */
function add(request: string): Answer {
  const [head = '', ...rest] = request.split('\n\n');
  const [oldLine = '', ...proofLines] = head.split('\n');
  const note = rest.join('\n\n');
  const old = Number(/^old (0|[1-9]\d*)$/.exec(oldLine)?.[1] ?? Number.NaN);
  const origin = note.split('\n')[0] ?? '';
  const logKey = logKeys.find((vkey) => vkey.startsWith(`${origin}+`));
  if (logKey === undefined) return { status: 404 };
  const checkpoint = openCheckpoint(note, logKey);
  if (checkpoint === undefined) return { status: 403 };
  const { size, root } = checkpoint;
  if (!(old <= size) || proofLines.length > 63) return { status: 400 };
  const last = seen[origin] ?? { size: 0, root: '' };
  if (old !== last.size) return { status: 409, body: `${last.size}\n` };
  const proof = proofLines.map((line) => Buffer.from(line, 'base64'));
  const firstRoot = Buffer.from(last.root, 'base64');
  if (old === size && old > 0 && !firstRoot.equals(root)) return { status: 409, body: `${last.size}\n` };
  if (!verifyConsistency({ first: old, firstRoot, size, root, proof })) return { status: 422 };
  seen[origin] = { size, root: root.toString('base64') };
  writeFileSync(`${stateFile}.new`, JSON.stringify(seen));
  renameSync(`${stateFile}.new`, stateFile);
  return { status: 200, body: cosignature(note.slice(0, note.indexOf('\n\n') + 1)) };
}

function cosignature(body: string): string {
  const seconds = Math.floor(Date.now() / 1_000);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`), key);
  return `— ${NAME} ${Buffer.concat([id, time, signature]).toString('base64')}\n`;
}

const server = createServer((request, response) => {
  void text(request).then((body) => {
    const isSubmission = request.method === 'POST' && request.url === '/logs/add-checkpoint';
    const answer = isSubmission ? add(body) : { status: 405 };
    if (answer.status === 409) response.setHeader('content-type', 'text/x.tlog.size');
    response.writeHead(answer.status).end(answer.body);
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  const vkey = `${NAME}+${id.toString('hex')}+${typedKey.toString('base64')}`;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/logs`, vkey })}\n`);
});
