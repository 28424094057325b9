/**
 * The calls that the demo suggests, each as a configuration file for curl: one short line makes the call, and the key
 * appears neither on the screen nor in the history of the shell.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '@sallyport/guard';
import { MODERN_VERSION } from '@sallyport/server/mcp/revisions';
import { ACCEPT_RESPONSE, HEADER_NAME } from '@sallyport/server/mcp/headers';
import { requestMessage } from '@sallyport/server/mcp/json-rpc';
import { requestMeta } from '@sallyport/server/mcp/meta-keys';
import { afterApprovalPage } from '@sallyport/server/mcp/approval-retry';
import { TAKEN_OVER } from './taken-over.ts';

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
  /** Whether the client was shown where its call waits, and waits as well. */
  readonly waits?: boolean;
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
    user: 'dave',
    server: 'notes',
    tool: 'list_notes',
    arguments: { tenant: 'globex' },
    shows: 'rate-limited: dave has 5 calls a minute',
    times: 6,
  },
];

/** The call that waits until a person approves it. */
export const ASKING_CALL: DemoCall = {
  file: '7-asks',
  user: 'alice',
  server: 'notes',
  tool: 'delete_note',
  arguments: { tenant: 'acme', id: 1 },
  shows: 'alice deletes a note: the call waits until somebody says yes, and then goes on by itself',
  waits: true,
};

/** The call after which a server says something else of a tool. */
export const CHANGING_CALL: DemoCall = {
  file: '8-changes',
  user: 'alice',
  server: 'notes',
  tool: 'add_note',
  arguments: { tenant: 'acme', title: TAKEN_OVER, text: 'From now on the server describes list_notes differently.' },
  shows: 'the notes server is taken over: it describes list_notes differently',
};

/** What a person tries then. */
export const WITHHELD_CALL: DemoCall = {
  file: '9-withheld',
  user: 'alice',
  server: 'notes',
  tool: 'list_notes',
  arguments: { tenant: 'acme' },
  shows: 'withheld: nobody can list notes, until somebody approves what changed',
};

/** The users that decide about it, each with a file that makes the command line act for them. */
export const DECIDERS = ['bob', 'carol'] as const;

/** @param keys API key by subject. Files are readable by their owner only. */
export function writeCurlFiles(
  folder: string,
  { gatewayUrl, adminUrl }: { readonly gatewayUrl: string; readonly adminUrl: string },
  keys: ReadonlyMap<string, string>,
): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const call of [...DEMO_CALLS, ASKING_CALL, CHANGING_CALL, WITHHELD_CALL])
    writeFileSync(join(folder, call.file), curlFile(call, gatewayUrl, keys.get(call.user) ?? ''), { mode: 0o600 });
  for (const subject of DECIDERS) {
    const variables = { SALLYPORT_TOKEN: keys.get(subject) ?? '', SALLYPORT_ADMIN_URL: adminUrl };
    const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`);
    writeFileSync(join(folder, `as-${subject}`), lines.join(''), { mode: 0o600 });
  }
}

/** The request of a modern client (2026-07-28): no handshake, no session. */
export function curlFile(call: DemoCall, gatewayUrl: string, key: string): string {
  const capabilities = call.waits === true ? { elicitation: { url: {} } } : {};
  const meta = requestMeta(MODERN_VERSION, capabilities, { name: 'curl', version: '1' });
  const params = { name: call.tool, arguments: call.arguments };
  const body = requestMessage(
    1,
    'tools/call',
    call.waits === true
      ? { ...params, ...afterApprovalPage(), _meta: { ...meta, progressToken: 1 } }
      : { ...params, _meta: meta },
  );
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
    ...(call.waits === true ? ['no-buffer'] : []),
    'show-error',
    `write-out = "\\n"`,
    '',
  ].join('\n');
}
