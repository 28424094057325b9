/** `sallyport init`: a commented configuration and a first policy. Never overwrites a file. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { importFile } from './clients/import-file.ts';
import type { ImportedServer } from './clients/import-server.ts';
import { knownClientFiles } from './clients/known-files.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import { withServers } from './configured-server.ts';
import { configTemplate, policyTemplate } from './init-templates.ts';
import { printJson, type CliIo } from './io.ts';
import { printable } from './printable.ts';

interface InitOptions {
  readonly file: string;
  readonly tenant?: string;
  readonly from: readonly string[];
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `sallyport init`. */
export const initCommand: CommandDefinition<readonly [], InitOptions> = {
  name: 'init',
  summary: 'write a commented sallyport.yaml and a first policy; take over the servers of a client',
  options: [
    { flags: '--file <file>', summary: 'where to write it', default: 'sallyport.yaml' },
    { flags: '--tenant <id>', summary: 'id of the first tenant (default: asks, or "default")' },
    {
      flags: '--from <file>',
      summary: 'configuration of a client whose servers are taken over; repeat for more',
      repeatable: true,
      default: [],
    },
    { flags: '--yes', summary: 'ask nothing' },
    { flags: '--json', summary: 'ask nothing, and print what was written as JSON' },
  ],
  example: 'sallyport init --tenant acme && sallyport check\nsallyport init --from ~/.cursor/mcp.json',
  run: (_given, options, context) => init(options, context),
};

async function init(options: InitOptions, context: CommandContext): Promise<void> {
  const { io, environment } = context;
  const configFile = resolve(options.file);
  const folder = dirname(configFile);
  const { tenant, from } = await ask(options, !existsSync(configFile), context);
  const fault = tenantFault(tenant);
  if (fault !== undefined) throw new Error(`--tenant ${fault}`);
  const taken = new Set<string>();
  // Nothing is taken over into a file that stays as it is.
  const imported = (existsSync(configFile) ? [] : from).flatMap((file) => {
    const servers = importFile(resolve(file), folder, environment, taken);
    for (const { name } of servers) taken.add(name);
    return servers;
  });
  const servers = imported.flatMap(({ name, server }) => (server === undefined ? [] : [{ name, server }]));
  const results = [
    ...imported.flatMap(({ secrets }) => secrets).map(({ file, value }) => writeSecret(join(folder, file), value)),
    writeNew(configFile, withServers(configTemplate(tenant), servers)),
    writeNew(join(folder, 'policies', 'main.cedar'), policyTemplate(tenant)),
  ];
  if (results.some(({ written }) => !written)) io.exit(1);
  if (options.json === true)
    return printJson(io, { files: results, servers: imported.map(withoutSecrets) }, 'indented');
  print(io, results, imported, from.length > 0);
}

/** What the options do not say is asked for, where somebody can answer. */
async function ask(
  { tenant, from, yes, json }: InitOptions,
  isNew: boolean,
  { environment, ports }: CommandContext,
): Promise<{ readonly tenant: string; readonly from: readonly string[] }> {
  const prompts = yes === true || json === true || !isNew ? undefined : await ports.prompts();
  const answer = tenant ?? (await prompts?.text('Id of your first tenant', 'default', tenantFault));
  const choices = from.length > 0 ? [] : knownClientFiles(environment);
  const chosen =
    choices.length === 0
      ? from
      : await prompts?.several(
          'Take over the servers of these clients? (space chooses, enter goes on)',
          choices.map(({ title, file }) => ({ value: file, label: title, hint: file })),
        );
  return { tenant: answer ?? 'default', from: chosen ?? from };
}

function tenantFault(tenant: string): string | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(tenant)) return undefined;
  return 'must be 1-64 characters of A-Z a-z 0-9 . _ -, starting with a letter or digit';
}

/** What is not a secret. */
const withoutSecrets = ({ name, server, notes, secrets }: ImportedServer) => ({
  name,
  taken_over: server !== undefined,
  notes,
  secrets: secrets.map(({ file }) => file),
});

function print(
  io: CliIo,
  results: readonly WrittenFile[],
  imported: readonly ImportedServer[],
  isImport: boolean,
): void {
  for (const { file, written } of results) {
    if (written) io.stdout(`wrote ${file}\n`);
    else io.stderr(`${file} exists and was left as it is\n`);
  }
  if (results.some(({ written }) => !written)) return;
  for (const { name, server, notes } of imported) {
    io.stdout(`${name}${server === undefined ? '' : ' was taken over'}\n`);
    for (const note of notes) io.stdout(`  ${printable(note)}\n`);
  }
  if (imported.some(({ secrets }) => secrets.length > 0))
    io.stdout('Take the secrets out of the file of the client, too, or better: replace them.\n');
  const names = imported.filter(({ server }) => server !== undefined).map(({ name }) => name);
  if (isImport && names.length > 0)
    io.stdout(`Next, for each of them:\n${names.map((name) => `  sallyport add ${name}\n`).join('')}`);
  else io.stdout('Next: sallyport add NAME -- COMMAND, or sallyport add NAME URL\n');
}

interface WrittenFile {
  readonly file: string;
  readonly written: boolean;
}

/** For its owner only; the folder keeps itself out of Git. */
function writeSecret(file: string, value: string): WrittenFile {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeNew(join(dirname(file), '.gitignore'), '*\n');
  return writeNew(file, `${value}\n`, 0o600);
}

function writeNew(file: string, text: string, mode = 0o644): WrittenFile {
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, text, { flag: 'wx', mode });
    return { file, written: true };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return { file, written: false };
    throw thrown;
  }
}
