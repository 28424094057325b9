/** A client on standard input and output of `sallyport stdio`, as lines of JSON in either era. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Installation } from './installation.ts';
import { MODERN_META, type Era } from './mcp-client.ts';

type Json = Record<string, unknown>;

export interface StdioAnswer {
  readonly result: Json | undefined;
  readonly error: { readonly code: number; readonly data?: Json } | undefined;
}

export interface StdioClient {
  /** @param era instead of the client's own: one process serves both. */
  send(method: string, params: Json, era?: Era): Promise<StdioAnswer>;
  /** A line as it is. */
  write(line: string): void;
  /** A line as it is, and the next line that comes back. */
  exchange(line: string): Promise<string>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Exit code and signal, when it has ended. */
  readonly ended: Promise<unknown>;
  close(): Promise<void>;
}

export async function openStdioClient(
  installation: Installation,
  token: string,
  { era: ownEra, server }: { readonly era: Era; readonly server?: string },
): Promise<StdioClient> {
  const child: ChildProcess = installation.spawn(['stdio', ...(server === undefined ? [] : ['--server', server])], {
    SALLYPORT_TOKEN: token,
  });
  let latest = 0;
  const pending = new Map<unknown, (answer: StdioAnswer) => void>();
  let onLine: (line: string) => void = () => undefined;
  const [out, err]: [string[], Buffer[]] = [[], []];
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    out.push(line);
    onLine(line);
    const { id, result, error } = JSON.parse(line) as StdioAnswer & { id?: unknown };
    // The answer to an unreadable request has no id; this client sends one request at a time.
    pending.get(id ?? latest)?.({ result, error });
  });
  const closed = new Promise<unknown>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  const send = (method: string, params: Json, era = ownEra): Promise<StdioAnswer> =>
    new Promise((resolve, reject) => {
      latest += 1;
      const id = latest;
      pending.set(id, resolve);
      void closed.then(() => reject(new Error(`sallyport stdio ended: ${Buffer.concat(err).toString()}`)));
      const whole = era === 'modern' ? { ...params, _meta: MODERN_META } : params;
      child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params: whole })}\n`);
    });
  if (ownEra === 'legacy') {
    await send('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'pipe', version: '1' },
    });
    child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
  }
  return {
    send,
    write: (line) => void child.stdin?.write(`${line}\n`),
    exchange: (line) =>
      new Promise((resolve) => {
        onLine = resolve;
        child.stdin?.write(`${line}\n`);
      }),
    kill: (signal) => void child.kill(signal),
    ended: closed,
    stdout: () => out.join('\n'),
    stderr: () => Buffer.concat(err).toString(),
    close: async () => {
      child.stdin?.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await closed;
      clearTimeout(timer);
    },
  };
}
