/**
 * `sallyport check`: reports whether a configuration can be started with, and every setting that weakens a protection.
 */
import { readFileSync } from 'node:fs';
import { formatConfigError, loadConfig, type ConfigError, type Environment } from '../config.ts';
import { parseYaml } from '../config/positions.ts';
import type { ServerSettings, Snapshot } from '../snapshot.ts';
import { unanswerableRules } from './check-approvers.ts';
import type { PolicyFinding } from './check-policies.ts';
import { serverFindings } from './check-servers.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { notServed, type NotServed } from './not-served.ts';
import { printableLine } from './printable.ts';

interface Report extends NotServed {
  readonly ok: boolean;
  readonly file: string;
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
  readonly weakenings: readonly string[];
  /** Servers whose program runs as the gateway does, without a sandbox. */
  readonly notSandboxed: readonly string[];
  /** By server: why it cannot be reached, with what a program wrote to standard error before it ended. */
  readonly unreachable: Readonly<Record<string, string>>;
  /** Number of servers. */
  readonly servers: number;
  /** Number of policies. */
  readonly policies: number;
}

interface CheckOptions {
  readonly servers?: boolean;
  readonly json?: boolean;
}

/** `sallyport check`. */
export const checkCommand: CommandDefinition<readonly [], CheckOptions> = {
  name: 'check',
  summary:
    'check configuration, secret references, policies, and what servers offer but cannot be used; list weakenings',
  options: [
    { flags: '--servers', summary: 'start or connect to each server, instead of asking a gateway that runs' },
    { flags: '--json', summary: 'print the report as JSON' },
  ],
  example: 'sallyport check --config sallyport.yaml\nsallyport check --servers',
  exitCodes: 'Exit code 1 when there is an error, each with file, line and column, or --servers reaches one not.',
  run: async (_given, { servers, json }, context) => {
    const report = await check(context, servers === true);
    if (!report.ok) context.io.exit(1);
    if (json === true) printJson(context.io, report, 'indented');
    else printReport(context.io, report);
  },
};

async function check({ configuration, environment, ports }: CommandContext, startServers: boolean): Promise<Report> {
  const file = configuration.file();
  const loaded = loadConfig(file, environment);
  const nothing = { warnings: [], weakenings: [], notSandboxed: [], uncheckable: [], withheld: [], unreachable: {} };
  const empty = { ...nothing, file, servers: 0, policies: 0 };
  if ('errors' in loaded) return { ...empty, ok: false, errors: loaded.errors };
  const { snapshot } = loaded;
  const { policies, findings: ofPolicies } = await ports.checkPolicies(snapshot);
  const findings = [...ofPolicies, ...(await settingFindings(file, snapshot, environment))];
  const errors = findings.filter(({ severity }) => severity === 'error').map(withoutSeverity);
  const unreachable = await ports.serverFailures(snapshot, startServers ? 'start' : 'ask');
  return {
    ...empty,
    ok: errors.length === 0 && !(startServers && Object.keys(unreachable).length > 0),
    unreachable,
    errors,
    warnings: findings.filter(({ severity }) => severity === 'warning').map(withoutSeverity),
    weakenings: snapshot.weakenings,
    notSandboxed: snapshot.servers.filter(isNotSandboxed).map(({ name }) => name),
    ...(await notServed(snapshot)),
    servers: snapshot.servers.length,
    policies,
  };
}

const isNotSandboxed = ({ transport }: ServerSettings): boolean =>
  transport.kind === 'stdio' && transport.sandbox === undefined;

/** What is found in the settings, with its position in the file. */
async function settingFindings(
  file: string,
  snapshot: Snapshot,
  environment: Environment,
): Promise<readonly PolicyFinding[]> {
  const found = [...serverFindings(snapshot, environment), ...(await unanswerableRules(snapshot, Date.now()))];
  if (found.length === 0) return [];
  const { positionOf } = parseYaml(file, readFileSync(file, 'utf8'));
  return found.map(({ path, ...finding }) => ({ ...positionOf(path), ...finding }));
}

const withoutSeverity = ({ file, line, column, message }: PolicyFinding): ConfigError => ({
  file,
  line,
  column,
  message,
});

function printReport(io: CliIo, report: Report): void {
  for (const error of report.errors) io.stderr(`${formatConfigError(error)}\n`);
  for (const warning of report.warnings)
    io.stderr(`${formatConfigError({ ...warning, message: `warning: ${warning.message}` })}\n`);
  for (const { server, name, reason } of report.uncheckable)
    io.stderr(`warning: ${server}: ${printableLine(name, 128)} cannot be called: ${printableLine(reason, 400)}\n`);
  for (const { server, kind, name, reason } of report.withheld)
    io.stderr(`warning: ${server}: ${kind} ${printableLine(name, 128)} is withheld: ${printableLine(reason, 400)}\n`);
  for (const [server, reason] of Object.entries(report.unreachable))
    io.stderr(`warning: ${server} cannot be reached: ${printableLine(reason, REASON_CHARACTERS_MAX)}\n`);
  if (report.weakenings.length > 0) io.stdout('Weakened:\n');
  for (const weakening of report.weakenings) io.stdout(`  ${weakening}\n`);
  if (report.notSandboxed.length > 0)
    io.stdout(`Not sandboxed (see servers.<name>.sandbox): ${report.notSandboxed.join(', ')}\n`);
  if (!report.ok) return;
  const servers = counted(report.servers, 'server', 'servers');
  const policies = counted(report.policies, 'policy', 'policies');
  io.stdout(`${report.file}: ok (${servers}, ${policies})\n`);
  if (report.policies === 0) io.stdout('There are no policies, so every call is refused.\n');
}

/** What a program wrote to standard error is in it. */
const REASON_CHARACTERS_MAX = 800;

const counted = (count: number, singular: string, plural: string): string =>
  `${count} ${count === 1 ? singular : plural}`;
