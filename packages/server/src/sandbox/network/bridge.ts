/**
 * Runs inside a sandbox that may reach some hosts: `bridge SOCKET PORT COMMAND…`. Programs find proxies by a host and a
 * port, and the proxy is a Unix socket: what comes in on the loopback port goes to it. Then the program is started.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { connect, createServer } from 'node:net';

const [socket = '', port = '', command = '', ...args] = process.argv.slice(2);
const SIGNALS_FROM = 128;

const server = createServer((client) => {
  const proxy = connect(socket);
  client.on('error', () => proxy.destroy()).on('close', () => proxy.destroy());
  proxy.on('error', () => client.destroy()).on('close', () => client.destroy());
  client.pipe(proxy).pipe(client);
}).listen(Number(port), '127.0.0.1', () => {
  const program = spawn(command, args, { stdio: 'inherit' });
  program.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(127);
  });
  program.on('exit', (code, signal) => {
    server.close();
    process.exit(code ?? SIGNALS_FROM + constants.signals[signal ?? 'SIGKILL']);
  });
});
