/** What `sallyport check` finds in the servers of a configuration without starting them. */
import { asObject } from '@sallyport/guard';
import { childEnvironment, type Environment } from '../config.ts';
import { argumentSecrets } from '../config/argument-secrets.ts';
import { argumentPath, type WrittenCommand } from '../config/command-line.ts';
import type { Path } from '../config/positions.ts';
import type { ServerSettings, Snapshot } from '../snapshot.ts';
import type { PolicyFinding } from './check-policies.ts';
import { findProgram } from './find-program.ts';

/** What was found, and the setting that it is about. */
export interface SettingFinding extends Pick<PolicyFinding, 'severity' | 'message'> {
  readonly path: Path;
}

/** Programs that are not there are errors; arguments that look like secrets, and no servers at all, are warnings. */
export function serverFindings({ servers, written }: Snapshot, environment: Environment): readonly SettingFinding[] {
  if (servers.length === 0)
    return [
      {
        path: ['servers'],
        severity: 'warning',
        message: 'there are no servers, so there is nothing to call; add one with: sallyport add NAME -- COMMAND',
      },
    ];
  return servers.flatMap((server) => [
    ...programFindings(server, environment),
    ...secretFindings(server, asObject(asObject(written['servers'])[server.name])),
    ...documentFindings(server),
  ]);
}

function programFindings({ name, transport }: ServerSettings, environment: Environment): readonly SettingFinding[] {
  if (transport.kind !== 'stdio') return [];
  const { command, env } = transport;
  if (findProgram(command, { ...childEnvironment(environment), ...env }) !== undefined) return [];
  const message = /[\\/]/.test(command)
    ? `servers.${name}.command: there is no program ${command}`
    : `servers.${name}.command: no program ${command} is on PATH; install it, or write its whole path`;
  return [{ path: ['servers', name, 'command', 0], severity: 'error', message }];
}

/** What the schemas of tools do not say, because the document could not be converted whole. */
function documentFindings({ name, transport }: ServerSettings): readonly SettingFinding[] {
  if (transport.kind !== 'openapi') return [];
  return transport.notes.map(({ tool, note }) => ({
    path: ['servers', name, 'openapi'],
    severity: 'warning',
    message: `servers.${name}.openapi: ${tool}: ${note}`,
  }));
}

function secretFindings({ name, transport }: ServerSettings, written: WrittenCommand): readonly SettingFinding[] {
  if (transport.kind !== 'stdio') return [];
  return argumentSecrets(transport.args).map((index) => {
    const path = argumentPath(name, written, index);
    return {
      path,
      severity: 'warning',
      message:
        `${path.map(String).join('.')}: looks like a secret, and arguments are visible to every user of the ` +
        'machine; use env with { secret: env:NAME } where the program reads a variable',
    };
  });
}
