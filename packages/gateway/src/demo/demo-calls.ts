/**
 * The calls that the demo suggests, each as a configuration file for curl: one short line makes the call, and the key
 * appears neither on the screen nor in the history of the shell.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '@sallyport/guard';
import { MODERN_VERSION } from '../mcp/revisions.ts';
import { ACCEPT_RESPONSE, HEADER_NAME } from '../mcp/headers.ts';
import { requestMessage } from '../mcp/json-rpc.ts';
import { requestMeta } from '../mcp/meta-keys.ts';

/** One call, and what it shows. */
export interface DemoCall {
  readonly file: string;
  readonly user: string;
  readonly server: string;
  readonly tool: string;
  readonly arguments: JsonObject;
  /** What it shows, in a few words. */
  readonly shows: string;
  /** How often to repeat it; 1 when absent. */
  readonly times?: number;
}

/** In the order of the banner. */
export const DEMO_CALLS: readonly DemoCall[] = [
  {
    file: '1-allowed',
    user: 'alice',
    server: 'notes',
    tool: 'add_note',
    arguments: { tenant: 'acme', title: 'Hello', text: 'Written through the gateway.' },
    shows: 'allowed: alice, an admin of acme, writes a note',
  },
  {
    file: '2-refused',
    user: 'bob',
    server: 'everything',
    tool: 'echo',
    arguments: { message: 'a confidential plan' },
    shows: 'refused: bob, an analyst, may echo, but nothing confidential',
  },
  {
    file: '3-hidden',
    user: 'bob',
    server: 'notes',
    tool: 'delete_note',
    arguments: { tenant: 'acme', id: 1 },
    shows: 'hidden: for bob, delete_note does not exist',
  },
  {
    file: '4-other-tenant',
    user: 'alice',
    server: 'notes',
    tool: 'list_notes',
    arguments: { tenant: 'globex' },
    shows: 'refused: alice reads notes of another tenant',
  },
  {
    file: '5-invalid',
    user: 'alice',
    server: 'notes',
    tool: 'delete_note',
    arguments: { tenant: 'acme', id: 'one' },
    shows: 'invalid: id is not a number; the server never sees it',
  },
  {
    file: '6-limited',
    user: 'carol',
    server: 'notes',
    tool: 'list_notes',
    arguments: { tenant: 'globex' },
    shows: 'rate-limited: carol has 5 calls a minute',
    times: 6,
  },
];

/** @param keys API key by subject. Files are readable by their owner only. */
export function writeCurlFiles(folder: string, gatewayUrl: string, keys: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const call of DEMO_CALLS)
    writeFileSync(join(folder, call.file), curlFile(call, gatewayUrl, keys.get(call.user) ?? ''), { mode: 0o600 });
}

/** The request of a modern client (2026-07-28): no handshake, no session. */
export function curlFile(call: DemoCall, gatewayUrl: string, key: string): string {
  const _meta = requestMeta(MODERN_VERSION, {}, { name: 'curl', version: '1' });
  const body = requestMessage(1, 'tools/call', { name: call.tool, arguments: call.arguments, _meta });
  const headers = [
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    `Accept: ${ACCEPT_RESPONSE}`,
    `${HEADER_NAME.protocolVersion}: ${MODERN_VERSION}`,
    `${HEADER_NAME.method}: tools/call`,
    `${HEADER_NAME.name}: ${call.tool}`,
  ];
  const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return [
    `# ${call.shows}`,
    `url = ${quoted(`${gatewayUrl}/mcp/${call.server}`)}`,
    ...headers.map((header) => `header = ${quoted(header)}`),
    `data = ${quoted(JSON.stringify(body))}`,
    'silent',
    'show-error',
    `write-out = "\\n"`,
    '',
  ].join('\n');
}
