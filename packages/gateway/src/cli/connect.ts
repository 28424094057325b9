/** `sallyport connect`: points a client at the gateway, and takes that back. */
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { closest } from '../config/suggest.ts';
import type { Snapshot } from '../snapshot.ts';
import { CLIENT_NAMES, CLIENTS, type Client, type ClientName } from './clients/clients.ts';
import { applyChange, backupOf, planEntry, planUndo, type FileChange } from './clients/client-file.ts';
import { entryFor, type ConnectEntry, type EntryOptions } from './clients/entry.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { unknownName } from './unknown-name.ts';

interface ConnectOptions extends EntryOptions {
  readonly name?: string;
  readonly project?: boolean;
  readonly print?: boolean;
  readonly undo?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `sallyport connect`. */
export const connectCommand: CommandDefinition<readonly [ClientName], ConnectOptions> = {
  name: 'connect',
  summary: 'point a client at the gateway: shows the change, asks, keeps a backup, can undo it',
  arguments: [{ name: 'client', summary: CLIENT_NAMES.join(', '), parse: parseClient }],
  options: [
    { flags: '--server <name>', summary: 'one server with its own tool names, instead of all as server__tool' },
    { flags: '--name <name>', summary: 'what the client calls it (default: sallyport, or sallyport-SERVER)' },
    {
      flags: '--transport <kind>',
      summary: 'http: the running gateway; stdio: the client starts one (default: http where the client can)',
      choices: ['http', 'stdio'],
    },
    { flags: '--project', summary: 'the file of the project in this folder, instead of that of this user' },
    {
      flags: '--key-variable <name>',
      summary: 'variable with the API key, for http without an issuer',
      default: 'SALLYPORT_TOKEN',
    },
    { flags: '--tenant <id>', summary: 'tenant of the API key that is made for stdio' },
    { flags: '--role <role>', summary: 'role of that key; repeat for more', repeatable: true, default: [] },
    { flags: '--print', summary: 'show the change, and change nothing' },
    { flags: '--undo', summary: 'take the change back' },
    { flags: '--yes', summary: 'ask nothing' },
    { flags: '--json', summary: 'print JSON; changes the file with --yes only' },
  ],
  example:
    'sallyport connect claude-code\nsallyport connect cursor --server crm --yes\nsallyport connect cursor --undo',
  exitCodes: 'Exit code 1 when nothing was changed.',
  run: ([name], options, context) =>
    options.undo === true ? undo(name, options, context) : connect(name, options, context),
};

function parseClient(text: string): ClientName {
  const known = CLIENT_NAMES.find((name) => name === text);
  if (known !== undefined) return known;
  const suggestion = closest(text, CLIENT_NAMES);
  const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  throw new InvalidArgumentError(`Use one of ${CLIENT_NAMES.join(', ')}.${hint}`);
}

async function connect(clientName: ClientName, options: ConnectOptions, context: CommandContext): Promise<void> {
  const { io, configuration } = context;
  const snapshot = configuration.load();
  if (snapshot === undefined) return;
  checkServer(options.server, snapshot);
  const client = CLIENTS[clientName];
  const entry = entryFor(client, clientName, options, snapshot, context);
  const change = planEntry(client, fileOf(client, options, context), entryName(options), entry.written);
  if (options.json !== true) show(io, client, entryName(options), change);
  if (!(await isAgreed(options, `Write this into ${change.file}?`, context))) return notChanged(io, options, change);
  await entry.prepare();
  applyChange(change, false);
  report(io, client, options, change, entry);
}

async function undo(clientName: ClientName, options: ConnectOptions, context: CommandContext): Promise<void> {
  const { io } = context;
  const client = CLIENTS[clientName];
  const file = fileOf(client, options, context);
  const change = planUndo(client, file, entryName(options));
  if (change === undefined) throw new Error(`${file} has no server ${entryName(options)}; nothing was changed`);
  if (options.json !== true) show(io, client, entryName(options), change);
  if (!(await isAgreed(options, `Take this out of ${file}?`, context))) return notChanged(io, options, change);
  applyChange(change, true);
  if (options.json === true) printJson(io, { file, changed: true, backup: null });
  else io.stdout(`${file} is as it was. API keys stay in force: sallyport keys list\n`);
}

const entryName = ({ name, server }: ConnectOptions): string =>
  name ?? (server === undefined ? 'sallyport' : `sallyport-${server}`);

function checkServer(server: string | undefined, { servers }: Snapshot): void {
  const unknown =
    server === undefined
      ? undefined
      : unknownName(
          'server',
          server,
          servers.map(({ name }) => name),
        );
  if (unknown !== undefined) throw new Error(unknown);
}

function fileOf(
  { title, projectFile, userFile }: Client,
  { project }: ConnectOptions,
  { environment }: CommandContext,
): string {
  if (project !== true) return userFile(environment, process.platform);
  if (projectFile === undefined) throw new Error(`${title} has no file for a project; leave out --project`);
  return resolve(projectFile);
}

function show(io: CliIo, client: Client, name: string, { file, entryBefore, entryAfter, before }: FileChange): void {
  const where = [...client.place, name].join('.');
  io.stdout(`${file}${before === undefined ? ' (new)' : ''}\n`);
  // What was there may hold a secret.
  if (entryBefore !== undefined) io.stdout(`- ${where}: what is there now\n`);
  if (entryAfter === undefined) return;
  for (const line of JSON.stringify(entryAfter, null, 2).split('\n'))
    io.stdout(`+ ${line.startsWith('{') ? `${where}: ` : ''}${line}\n`);
}

async function isAgreed(
  { yes, print, json }: ConnectOptions,
  question: string,
  { ports }: CommandContext,
): Promise<boolean> {
  if (print === true) return false;
  if (yes === true) return true;
  const prompts = json === true ? undefined : await ports.prompts();
  return prompts?.confirm(question, true) ?? false;
}

function notChanged(io: CliIo, { print, json }: ConnectOptions, { file, entryAfter }: FileChange): void {
  if (print !== true) io.exit(1);
  if (json === true) return printJson(io, { file, changed: false, entry: entryAfter ?? null });
  if (print !== true) io.stderr('Nothing was changed. Where nobody can answer, say: --yes\n');
}

function report(io: CliIo, client: Client, options: ConnectOptions, change: FileChange, entry: ConnectEntry): void {
  const backup = change.before === undefined ? undefined : backupOf(change.file);
  if (options.json === true) {
    const { file, entryAfter } = change;
    return printJson(io, { file, changed: true, entry: entryAfter ?? null, backup: backup ?? null });
  }
  io.stdout(`wrote ${change.file}${backup === undefined ? '' : `; what was there is in ${backup}`}\n`);
  for (const line of [...entry.next, client.afterwards]) io.stdout(`${line}\n`);
}
