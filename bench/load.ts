/** One load run: wrk from Debian, closed loop, a fixed number of connections, unique JSON-RPC ids. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onCore } from './processes.ts';

export type Era = 'modern' | 'legacy';

export interface Target {
  readonly url: string;
  readonly era: Era;
  readonly token: string;
  readonly session: string;
  /** The core that the load runs on; any when absent. */
  readonly core?: number;
}

export interface Load {
  readonly connections: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface LoadFigures {
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const script = fileURLToPath(new URL('./wrk.lua', import.meta.url));

/** @throws Error when wrk is missing or any answer was an error: a figure with errors in it is not a figure. */
export async function loadOf(target: Target, load: Load): Promise<LoadFigures> {
  const [command, args] = onCore(target.core, 'wrk', [
    '-t1',
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    '--timeout',
    '10s',
    '-s',
    script,
    target.url,
  ]);
  const child = spawn(command, args, {
    env: {
      PATH: '/usr/bin:/bin',
      SIZE: String(load.bytes),
      ERA: target.era,
      TOKEN: target.token,
      SESSION: target.session,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise<void>((resolve, reject) => child.on('error', reject).on('close', () => resolve()));
  const line = /RESULT (\{.*\})/.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk did not finish:\n${output}`);
  const figures = JSON.parse(line) as LoadFigures;
  if (figures.errors > 0)
    throw new Error(`${figures.errors} of ${figures.requests} answers were errors: ${target.url}`);
  return figures;
}

/** Asks once and checks the answer, so that a run never measures how fast something is refused. */
export async function preflight(target: Target, bytes: number): Promise<void> {
  const meta =
    target.era === 'modern'
      ? { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }
      : undefined;
  const response = await fetch(target.url, {
    method: 'POST',
    headers: headersOf(target, 'tools/call', 'echo'),
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'a', size: bytes }, ...(meta && { _meta: meta }) },
    }),
  });
  const text = await response.text();
  const body = JSON.parse(text) as { result?: { isError?: boolean; content?: { text?: string }[] } };
  if (body.result?.isError || body.result?.content?.[0]?.text?.length !== bytes)
    throw new Error(`${target.url} answered: ${text.slice(0, 500)}`);
}

/** Opens a legacy session. */
export async function openSession(url: string, token: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: headersOf({ url, era: 'legacy', token, session: '' }),
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
    }),
  });
  await response.arrayBuffer();
  const session = response.headers.get('mcp-session-id');
  if (session === null) throw new Error(`initialize at ${url} gave no session (${response.status})`);
  return session;
}

function headersOf(target: Target, method = '', name = ''): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': target.era === 'modern' ? '2026-07-28' : '2025-11-25',
    ...(target.token !== '' && { authorization: `Bearer ${target.token}` }),
    ...(target.era === 'modern' && method !== '' && { 'mcp-method': method, 'mcp-name': name }),
    ...(target.era === 'legacy' && target.session !== '' && { 'mcp-session-id': target.session }),
  };
}
