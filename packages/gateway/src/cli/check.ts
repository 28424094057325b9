/** `sallyport check`: is this configuration fit to start with, and what in it weakens a protection. */
import type { Command } from 'commander';
import { formatConfigError, loadConfig, type ConfigError, type Environment } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Configuration } from './configuration.ts';
import type { CliIo } from './io.ts';

export interface PolicyFinding extends ConfigError {
  readonly severity: 'error' | 'warning';
}

export interface PolicyVerdict {
  readonly policies: number;
  readonly findings: readonly PolicyFinding[];
}

export interface CheckSource {
  readonly environment: Environment;
  readonly configuration: Configuration;
  /** Parses and judges the policies against the pinned definitions. Throws for nothing that is in a policy. */
  readonly checkPolicies: (snapshot: Snapshot) => Promise<PolicyVerdict>;
}

interface Report {
  readonly ok: boolean;
  readonly file: string;
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
  readonly weakenings: readonly string[];
  readonly servers: number;
  readonly policies: number;
}

export function registerCheck(program: Command, io: CliIo, source: CheckSource): void {
  program
    .command('check')
    .description('check configuration, secret references and policies; list every weakening')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  sallyport check --config sallyport.yaml\n\nExit code 1 when there is an error; each with file, line and column.\n',
    )
    .action(async (options: { readonly json?: boolean }) => {
      const report = await check(source);
      if (!report.ok) io.exit(1);
      if (options.json === true) io.stdout(`${JSON.stringify(report, null, 2)}\n`);
      else print(io, report);
    });
}

async function check(source: CheckSource): Promise<Report> {
  const file = source.configuration.file();
  const loaded = loadConfig(file, source.environment);
  const base = { file: file ?? 'embedded defaults', warnings: [], weakenings: [], servers: 0, policies: 0 };
  if ('errors' in loaded) return { ...base, ok: false, errors: loaded.errors };
  const { snapshot } = loaded;
  const { policies, findings } = await source.checkPolicies(snapshot);
  const bare = ({ file: where, line, column, message }: PolicyFinding): ConfigError => ({
    file: where,
    line,
    column,
    message,
  });
  const errors = findings.filter((finding) => finding.severity === 'error').map(bare);
  const warnings = findings.filter((finding) => finding.severity === 'warning').map(bare);
  return {
    ...base,
    ok: errors.length === 0,
    errors,
    warnings,
    weakenings: snapshot.weakenings,
    servers: snapshot.servers.length,
    policies,
  };
}

function print(io: CliIo, report: Report): void {
  for (const error of report.errors) io.stderr(`${formatConfigError(error)}\n`);
  for (const warning of report.warnings)
    io.stderr(`${formatConfigError({ ...warning, message: `warning: ${warning.message}` })}\n`);
  if (report.weakenings.length > 0) io.stdout('Weakened:\n');
  for (const weakening of report.weakenings) io.stdout(`  ${weakening}\n`);
  if (!report.ok) return;
  const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
  io.stdout(
    `${report.file}: ok (${counted(report.servers, 'server', 'servers')}, ${counted(report.policies, 'policy', 'policies')})\n`,
  );
  if (report.policies === 0) io.stdout('There are no policies, so every call is refused.\n');
}
