/** The bare reverse proxy that the gateway is compared with: `node:http` in, undici `Pool.dispatch` out, no checks. */
import { createServer, type ServerResponse } from 'node:http';
import { Pool } from 'undici';

const [port, upstream] = [Number(process.argv[2]), String(process.argv[3])];
const pool = new Pool(upstream, { connections: 256 });

/** Copies the answer of the upstream to the client as it arrives. */
function relayTo(res: ServerResponse) {
  return {
    onRequestStart() {},
    onResponseStart(_controller: unknown, status: number, headers: Record<string, string | string[]>) {
      res.writeHead(status, headers);
    },
    onResponseData(_controller: unknown, chunk: Buffer) {
      res.write(chunk);
    },
    onResponseEnd() {
      res.end();
    },
    onResponseError() {
      if (!res.headersSent) res.writeHead(502);
      res.end();
    },
  };
}

createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const { host: _host, connection: _connection, ...headers } = req.headers;
    pool.dispatch({ path: req.url ?? '/', method: 'POST', headers, body: Buffer.concat(chunks) }, relayTo(res));
  });
}).listen(port, '127.0.0.1', () => process.stdout.write('listening\n'));
