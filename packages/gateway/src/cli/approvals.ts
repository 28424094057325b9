/** `sallyport approvals`: the queue of calls that wait for a person. */
import type { JsonObject } from '@sallyport/guard';
import { ADMIN_OPTION, adminItems, adminRequest, adminTargetOf } from './admin-client.ts';
import { requestText, whoOf } from './approval-text.ts';
import { columns } from './columns.ts';
import type { CommandContext, CommandDefinition, CommandGroup, CommandOption } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { printable, printableLine } from './printable.ts';

interface Options {
  readonly adminUrl?: string;
  readonly json?: boolean;
}

interface ReasonOption extends Options {
  readonly reason?: string;
}

const PATH = '/api/v1/approvals';
const JSON_OPTION: CommandOption = { flags: '--json', summary: 'print JSON' };
const ID = { name: 'id', summary: 'id of the request, as `sallyport approvals list` shows it' };

const listCommand: CommandDefinition<readonly [], Options & { readonly all?: boolean }> = {
  name: 'list',
  summary: 'calls that wait for a person',
  options: [
    ADMIN_OPTION,
    { flags: '--all', summary: 'also those that were decided and have not expired' },
    JSON_OPTION,
  ],
  example: 'sallyport approvals list',
  run: async (_given, { adminUrl, all, json }, context) => {
    const path = all === true ? PATH : `${PATH}?status=pending`;
    const found = await adminItems(await adminTargetOf(adminUrl, context), path);
    if (json === true) printJson(context.io, found);
    else printList(context.io, found);
  },
};

const showCommand: CommandDefinition<readonly [string], Options> = {
  name: 'show',
  summary: 'one request: who calls what, with all arguments',
  arguments: [ID],
  options: [ADMIN_OPTION, JSON_OPTION],
  example: 'sallyport approvals show 5f0c…',
  run: async ([id], { adminUrl, json }, context) => {
    const request = await adminRequest(await adminTargetOf(adminUrl, context), pathOf(id));
    if (json === true) printJson(context.io, request, 'indented');
    else context.io.stdout(requestText(request));
  },
};

const approveCommand: CommandDefinition<readonly [string], Options> = {
  name: 'approve',
  summary: 'let exactly this call happen, once',
  arguments: [ID],
  options: [ADMIN_OPTION, JSON_OPTION],
  example: 'sallyport approvals approve 5f0c…',
  run: ([id], options, context) => decide(id, 'approve', options, context),
};

const denyCommand: CommandDefinition<readonly [string], ReasonOption> = {
  name: 'deny',
  summary: 'refuse a call',
  arguments: [ID],
  options: [ADMIN_OPTION, { flags: '--reason <text>', summary: 'what the model is told' }, JSON_OPTION],
  example: 'sallyport approvals deny 5f0c… --reason "wrong account"',
  run: ([id], options, context) => decide(id, 'deny', options, context),
};

const withdrawCommand: CommandDefinition<readonly [string], ReasonOption> = {
  name: 'withdraw',
  summary: 'take back a request of your own',
  arguments: [ID],
  options: [ADMIN_OPTION, { flags: '--reason <text>', summary: 'for people who look at it later' }, JSON_OPTION],
  example: 'sallyport approvals withdraw 5f0c… --reason "not needed any more"',
  run: ([id], options, context) => decide(id, 'withdraw', options, context),
};

/** `sallyport approvals …`. */
export const approvalsCommands: CommandGroup = {
  name: 'approvals',
  summary: 'calls that people must approve',
  example: 'sallyport approvals list',
  commands: [listCommand, showCommand, approveCommand, denyCommand, withdrawCommand],
};

async function decide(
  id: string,
  verdict: 'approve' | 'deny' | 'withdraw',
  { adminUrl, reason, json }: ReasonOption,
  context: CommandContext,
): Promise<void> {
  const body = reason === undefined ? {} : { reason };
  const request = await adminRequest(await adminTargetOf(adminUrl, context), `${pathOf(id)}/${verdict}`, body);
  if (json === true) return printJson(context.io, request);
  const { status, required, decisions } = request;
  const missing = Number(required) - (Array.isArray(decisions) ? decisions.length : 0);
  context.io.stdout(
    status === 'pending'
      ? `noted; ${missing} more must approve\n`
      : `${String(status)}: ${printable(`${String(request['server'])} ${String(request['tool'])}`)}\n`,
  );
}

const pathOf = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;

function printList(io: CliIo, requests: readonly JsonObject[]): void {
  if (requests.length === 0) return io.stdout('No call waits for approval.\n');
  const rows = requests.map((request) => [
    String(request['id']),
    String(request['status']),
    whoOf(request),
    printable(`${String(request['server'])} ${String(request['tool'])}`),
    printableLine(JSON.stringify(request['arguments'] ?? {}), 60),
    `until ${String(request['expires_at'])}`,
  ]);
  for (const line of columns([['ID', 'STATUS', 'WHO', 'TOOL', 'ARGUMENTS', ''], ...rows])) io.stdout(`${line}\n`);
}
