/** `servers:` → ServerSettings. What would send a call to the wrong place, or code into the right one, is refused or named. */
import { resolve } from 'node:path';
import { isLoopback } from '@sallyport/guard';
import type { ServerSettings, ServerTransport } from '../snapshot.ts';
import type { Report } from './report.ts';
import type { Written, WrittenServer, WrittenText } from './schema.ts';
import { looksSecret, resolveSecret, type Environment } from './secrets.ts';

/** What every part of the build needs. */
export interface Site {
  readonly written: Written;
  readonly report: Report;
  readonly environment: Environment;
  /** What relative paths are relative to. */
  readonly folder: string;
}

export function buildServers(site: Site): readonly ServerSettings[] {
  return Object.entries(site.written.servers)
    .map(([name, server]) => buildServer(site, name, server))
    .filter((server) => server !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function buildServer(site: Site, name: string, server: WrittenServer): ServerSettings | undefined {
  const transport = buildTransport(site, name, server);
  const { pins, inspect } = site.written;
  const pin = server.pin ?? pins.mode;
  nameWeakenings(site.report, name, server, pin);
  if (transport === undefined) return undefined;
  if (server.links.maxPerPrincipal > server.links.max) {
    site.report.error(['servers', name, 'links', 'maxPerPrincipal'], 'must not be larger than links.max');
  }
  return {
    name,
    transport,
    allowTools: server.tools.allow,
    pin,
    verifyIntervalMs: server.verify ?? pins.verify,
    clientRequests: server.clientRequests,
    additionalArguments: server.additionalArguments,
    timeoutMs: server.timeout,
    resultBytesMax: server.maxResult ?? inspect.maxResult,
    sessions: { max: server.links.max, maxPerPrincipal: server.links.maxPerPrincipal, idleMs: server.links.idle },
    labels: server.labels,
  };
}

function nameWeakenings(report: Report, name: string, server: WrittenServer, pin: ServerSettings['pin']): void {
  const where = `servers.${name}`;
  if (pin === 'first_use')
    report.weaken(
      `${where}: definitions are trusted when they are first seen (pin: first_use), not approved by a person`,
    );
  if (server.additionalArguments === 'allow')
    report.weaken(`${where}: arguments that the input schema does not name are passed on (additionalArguments: allow)`);
  if (server.plainHttp === 'allow') report.weaken(`${where}: it is reached without TLS (plainHttp: allow)`);
  for (const [kind, on] of Object.entries(server.clientRequests)) {
    if (on) report.weaken(`${where}: the server may send ${kind} requests to clients (clientRequests.${kind}: true)`);
  }
}

function buildTransport(site: Site, name: string, server: WrittenServer): ServerTransport | undefined {
  const path = ['servers', name];
  if ((server.url === undefined) === (server.command === undefined)) {
    site.report.error(path, 'must have either "url" or "command"');
    return undefined;
  }
  if (server.url !== undefined) return buildHttp(site, name, { ...server, url: server.url });
  for (const key of ['headers', 'plainHttp'] as const) {
    const given = server[key];
    if (given !== undefined && Object.keys(given).length > 0)
      site.report.error([...path, key], 'is for servers with "url" only');
  }
  return buildStdio(site, name, server);
}

function buildHttp(site: Site, name: string, server: WrittenServer & { readonly url: string }): ServerTransport {
  const { report } = site;
  const path = ['servers', name, 'url'];
  const url = URL.canParse(server.url) ? new URL(server.url) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    report.error(path, 'must be an http or https URL');
  else if (url.username !== '' || url.password !== '')
    report.error(path, 'must not contain credentials; use headers with { secret: env:NAME }');
  else if (url.hash !== '') report.error(path, 'must not have a fragment');
  else if (url.protocol === 'http:' && !isLoopback(url.hostname) && server.plainHttp !== 'allow') {
    report.error(path, 'must be https outside loopback (the weakening is spelled: plainHttp: allow)');
  }
  for (const key of ['env', 'cwd'] as const) {
    const given = server[key];
    if (given !== undefined && Object.keys(given).length > 0)
      report.error(['servers', name, key], 'is for servers with "command" only');
  }
  for (const header of Object.keys(server.headers)) {
    if (OURS.test(header))
      report.error(['servers', name, 'headers', header], 'is set by the gateway and cannot be configured');
  }
  return {
    kind: 'http',
    url: url?.href ?? server.url,
    headers: texts(site, ['servers', name, 'headers'], server.headers),
  };
}

/** Framing, routing and protocol headers: a second opinion about them would be a request that can be read in two ways. */
const OURS =
  /^(?:host|connection|content-length|content-type|content-encoding|transfer-encoding|accept|accept-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|mcp-.*)$/i;

function buildStdio(site: Site, name: string, server: WrittenServer): ServerTransport {
  const [command = '', ...args] = server.command ?? [];
  const program = /[\\/]/.test(command) ? resolve(site.folder, command) : command;
  const where = `servers.${name}`;
  for (const [index, argument] of args.entries()) {
    if (looksSecret('', argument)) {
      site.report.error(
        ['servers', name, 'command', index + 1],
        'looks like a secret, and arguments are visible to every user of the machine; use env with { secret: env:NAME }',
      );
    }
  }
  if (/(?:^|[\\/])(?:sh|bash|zsh|dash|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh)$/.test(command))
    site.report.weaken(`${where}: it is started through a shell (${command})`);
  const fetched = unpinnedPackage(command, args);
  if (fetched !== undefined)
    site.report.weaken(`${where}: ${fetched} has no exact version, so whatever the registry serves is run`);
  for (const variable of Object.keys(server.env)) {
    if (/^(?:LD_|DYLD_|NODE_OPTIONS$|PYTHONPATH$|PYTHONSTARTUP$|BASH_ENV$|ENV$)/.test(variable)) {
      site.report.weaken(`${where}: the variable ${variable} can load other code into the server`);
    }
  }
  return {
    kind: 'stdio',
    command: program,
    args,
    env: texts(site, ['servers', name, 'env'], server.env),
    cwd: server.cwd === undefined ? undefined : resolve(site.folder, server.cwd),
  };
}

/** `npx -y package` and `uvx package` run what they find. */
function unpinnedPackage(command: string, args: readonly string[]): string | undefined {
  if (!/(?:^|[\\/])(?:npx|bunx|pnpx|uvx)(?:\.cmd)?$/.test(command)) return undefined;
  const name = args.find((argument) => !argument.startsWith('-'));
  if (name === undefined) return undefined;
  return /(?:@|==)\d+\.\d+\.\d+(?:[-+.][0-9A-Za-z.-]+)?$/.test(name) ? undefined : name;
}

function texts(
  site: Site,
  path: readonly string[],
  written: Readonly<Record<string, WrittenText>>,
): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(written)) {
    if (typeof value === 'string') {
      if (looksSecret(name, value))
        site.report.error(
          [...path, name],
          'must be a reference such as { secret: env:NAME }; secrets are never written here',
        );
      else entries.push([name, value]);
      continue;
    }
    const resolved = resolveSecret(value.secret, site.environment, site.folder);
    if ('error' in resolved) site.report.error([...path, name, 'secret'], resolved.error);
    else entries.push([name, `${value.prefix ?? ''}${resolved.value}`]);
  }
  return Object.fromEntries(entries);
}
