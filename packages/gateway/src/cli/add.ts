/** `sallyport add`: a server, its first policy and the approval of what it offers, in one command. */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, relative } from 'node:path';
import { formatConfigError, loadConfigText, type Environment } from '../config.ts';
import type { ProbedServer } from '../probe-server.ts';
import type { Snapshot } from '../snapshot.ts';
import { isAddress } from './address.ts';
import { printAdded, printOffered } from './added-server.ts';
import type { CommandContext, CommandDefinition, CommandPorts } from './command.ts';
import { withServers, type WrittenServer } from './configured-server.ts';
import { policyFileOf, writeFirstPolicy, type Permitted } from './first-policy.ts';
import { parsePairs } from './parse-pairs.ts';
import { printable } from './printable.ts';
import type { Choice } from './prompts.ts';
import { replaceFile } from './replace-file.ts';
import { unknownName } from './unknown-name.ts';

interface AddOptions {
  readonly env: readonly string[];
  readonly header: readonly string[];
  readonly cwd?: string;
  readonly allow: readonly string[];
  readonly permit?: Permitted;
  readonly role?: string;
  readonly tenant?: string;
  readonly approve?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `sallyport add`. */
export const addCommand: CommandDefinition<readonly [string, readonly string[]], AddOptions> = {
  name: 'add',
  summary: 'add a server: ask what it offers, write a first policy, approve what it offers',
  arguments: [
    { name: 'name', summary: '1-32 characters of a-z 0-9 -' },
    { name: 'target', optional: true, variadic: true, summary: 'a URL, or -- and a command; none: it is configured' },
  ],
  options: [
    { flags: '--env <name=value>', summary: 'a variable, as TOKEN=env:TOKEN', repeatable: true, default: [] },
    {
      flags: '--header <name:value>',
      summary: 'a header, as "Authorization: Bearer env:TOKEN"',
      repeatable: true,
      default: [],
    },
    { flags: '--cwd <folder>', summary: 'working folder of the program' },
    { flags: '--allow <tool>', summary: 'only this tool exists; repeat for more', repeatable: true, default: [] },
    {
      flags: '--permit <tools>',
      summary: 'what the first policy permits (default: asks, or read-only)',
      choices: ['read-only', 'all', 'none'],
    },
    { flags: '--role <role>', summary: 'to whom (default: everybody whom the gateway knows)' },
    { flags: '--tenant <id>', summary: 'in which tenant; needed where there are several' },
    { flags: '--approve', summary: 'approve what the server offers now' },
    { flags: '--yes', summary: 'ask nothing' },
    { flags: '--json', summary: 'ask nothing, and print JSON' },
  ],
  example:
    'sallyport add files -- npx -y @modelcontextprotocol/server-filesystem@2026.8.31 /srv/docs\n' +
    'sallyport add search https://search.example.com/mcp --header "Authorization: Bearer env:SEARCH_TOKEN"\n' +
    'sallyport add files --approve        # one that the configuration names already',
  exitCodes: 'Exit code 1 when the server cannot be reached; nothing is changed then.',
  run: ([name, target], options, context) => add(name, target, options, context),
};

async function add(
  name: string,
  target: readonly string[],
  options: AddOptions,
  { io, configuration, environment, ports }: CommandContext,
): Promise<void> {
  const file = configuration.file();
  const before = configuration.load();
  if (before === undefined) return;
  const tenant = tenantOf(options, before);
  const text = textWith(file, name, target, options, before);
  const snapshot = loaded(text, file, environment);
  if (io.isTerminal === true) io.stderr(`${name} is started or reached, and asked what it offers…\n`);
  const probed = await ports.probeServer(snapshot, name);
  if (probed.failure !== undefined)
    throw new Error(`${name} cannot be reached, so nothing was changed: ${printable(probed.failure)}`);
  if (options.json !== true) printOffered(io, name, probed);
  const answers = await ask(probed, options, ports);
  const policyFile = policyFileOf(file, name, before);
  const offered = [...probed.approved, ...probed.waiting];
  const policy = writeFirstPolicy(policyFile, name, offered, { ...answers, tenant, role: options.role });
  // The folder is there now, which the configuration may only name then.
  const missing = before.policies.cedar === undefined ? relativeFolder(file, policyFile) : undefined;
  replaceFile(file, withServers(text, [], missing));
  if (answers.approves) await ports.approveWaiting(snapshot, probed.waiting, `cli:${userInfo().username}`);
  const weakenings = snapshot.weakenings.filter((weakening) => !before.weakenings.includes(weakening));
  printAdded(io, { name, file, snapshot, probed, policy, weakenings, ...answers }, options.json === true);
}

const relativeFolder = (file: string, policyFile: string): string =>
  `./${relative(dirname(file), dirname(policyFile)).replaceAll('\\', '/')}`;

/** Whose members may use the server; `undefined` where there is nobody else. */
function tenantOf({ tenant, role }: AddOptions, { tenants }: Snapshot): string | undefined {
  const unknown = tenant === undefined ? undefined : unknownName('tenant', tenant, tenants);
  if (unknown !== undefined) throw new Error(unknown);
  if (tenant !== undefined || tenants.length === 1 || role !== undefined) return tenant;
  throw new Error(`There are several tenants; say which may use it: --tenant ${tenants.slice(0, 5).join(' or ')}`);
}

/** The text of the configuration with the server in it. */
function textWith(
  file: string,
  name: string,
  target: readonly string[],
  options: AddOptions,
  { servers, written }: Snapshot,
): string {
  const text = readFileSync(file, 'utf8');
  const isKnown = servers.some((server) => server.name === name);
  if (target.length === 0 && isKnown) return text;
  if (target.length === 0)
    throw new Error(
      `Say how ${printable(name)} is started or reached: sallyport add ${printable(name)} -- COMMAND, ` +
        `or sallyport add ${printable(name)} URL`,
    );
  if (isKnown)
    throw new Error(
      `${file} names a server ${name} already. Take another name, or leave out what follows ${name} to ask it again.`,
    );
  const server = { ...serverOf(target, options), ...(asksForApproval(written) ? {} : { pin: 'approval' as const }) };
  return withServers(text, [{ name, server }]);
}

/** Whether definitions wait for a person without the server saying so. */
const asksForApproval = (written: Snapshot['written']): boolean =>
  (written['pins'] as { readonly mode?: string } | undefined)?.mode === 'approval';

function serverOf(target: readonly string[], { env, header, cwd, allow }: AddOptions): WrittenServer {
  const [first = ''] = target;
  const tools = allow.length > 0 && { tools: { allow } };
  if (target.length === 1 && isAddress(first))
    return { url: first, headers: parsePairs('--header', header, ':'), ...tools };
  return { command: target, ...(cwd !== undefined && { cwd }), env: parsePairs('--env', env, '='), ...tools };
}

/** @throws Error with every error, as lines. */
function loaded(text: string, file: string, environment: Environment): Snapshot {
  const found = loadConfigText(text, file, { environment, folder: dirname(file) });
  if ('snapshot' in found) return found.snapshot;
  throw new Error(`Nothing was changed:\n${found.errors.map(formatConfigError).join('\n')}`);
}

const PERMITTED: readonly Choice<Permitted>[] = [
  { value: 'read-only', label: 'what says that it only reads' },
  { value: 'all', label: 'all tools', hint: 'of today; what the server adds later is permitted to nobody' },
  { value: 'none', label: 'nothing yet', hint: 'write the policy yourself' },
];

interface Answers {
  readonly permitted: Permitted;
  readonly approves: boolean;
}

/** What the options do not say is asked for, where somebody can answer. */
async function ask({ waiting }: ProbedServer, options: AddOptions, ports: CommandPorts): Promise<Answers> {
  const prompts = options.yes === true || options.json === true ? undefined : await ports.prompts();
  const permitted = options.permit ?? (await prompts?.select('What may be called with a key?', PERMITTED));
  const question = `Approve these ${waiting.length} definitions as they are now?`;
  const approves = options.approve ?? (waiting.length > 0 && (await prompts?.confirm(question, true)));
  return { permitted: permitted ?? 'read-only', approves: approves === true && waiting.length > 0 };
}
