/**
 * The key `servers` of the configuration. What could send a call to the wrong server, or run foreign code in the right
 * one, is refused or reported as a weakening.
 */
import { resolve } from 'node:path';
import { isLoopback } from '@sallyport/guard';
import type { ServerSettings, ServerTransport } from '../snapshot.ts';
import { argumentPath, commandLine } from './command-line.ts';
import { LOADS_CODE, passedEnvironment } from './passed-environment.ts';
import type { Report } from './report.ts';
import type { ConfigInput } from './input.ts';
import { buildOpenApi, namesOf } from './openapi.ts';
import type { ParsedServer, TextOrSecret } from './schema.ts';
import { unpinnedPackages, withoutInstallScripts } from './downloaded-package.ts';
import { buildSandbox } from './sandbox.ts';
import { looksSecret, resolveSecret } from './secrets.ts';

/** The settings of all servers, sorted by name; errors and weakenings go to the report. */
export function buildServers(input: ConfigInput): readonly ServerSettings[] {
  return Object.entries(input.config.servers)
    .map(([name, server]) => buildServer(input, name, server))
    .filter((server) => server !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function buildServer(input: ConfigInput, name: string, server: ParsedServer): ServerSettings | undefined {
  const transport = buildTransport(input, name, server);
  const { pins, inspect } = input.config;
  const pin = server.pin ?? pins.mode;
  reportWeakenings(input.report, name, server, pin);
  if (transport === undefined) return undefined;
  if (server.links.maxPerPrincipal > server.links.max) {
    input.report.error(['servers', name, 'links', 'maxPerPrincipal'], 'must not be larger than links.max');
  }
  return {
    name,
    transport,
    allowTools: transport.kind === 'openapi' ? namesOf(transport.tools) : toolNames(input, name, server),
    required: server.required,
    pin,
    verifyIntervalMs: server.verify ?? pins.verify,
    era: server.era,
    clientRequests: server.clientRequests,
    additionalArguments: server.additionalArguments,
    errors: server.errors,
    timeoutMs: server.timeout,
    startTimeoutMs: server.startTimeout,
    resultBytesMax: server.maxResult ?? inspect.maxResult,
    sessions: buildSessions(server),
    labels: server.labels,
  };
}

/** Operations are named in documents only. */
function toolNames({ report }: ConfigInput, name: string, { tools }: ParsedServer): readonly string[] | undefined {
  for (const [index, tool] of (tools.allow ?? []).entries())
    if (tool.includes(' '))
      report.error(
        ['servers', name, 'tools', 'allow', index],
        'names an operation, which only servers with "openapi" have',
      );
  if (Object.keys(tools.override).length > 0)
    report.error(['servers', name, 'tools', 'override'], 'is for servers with "openapi" only');
  return tools.allow;
}

function reportWeakenings(report: Report, name: string, server: ParsedServer, pin: ServerSettings['pin']): void {
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

const buildSessions = ({ links }: ParsedServer): ServerSettings['sessions'] => {
  const { max, maxPerPrincipal, maxPerTenant, idle } = links;
  return { max, maxPerPrincipal, ...(maxPerTenant !== undefined && { maxPerTenant }), idleMs: idle };
};

/** How the settings of one kind of transport are read. A kind without a row does not compile. */
interface TransportReader {
  /** The key that chooses this kind. */
  readonly key: 'url' | 'command' | 'openapi';
  /** Further keys that belong to this kind, and not to those that do not name them. */
  readonly ownKeys: readonly (
    | 'headers'
    | 'plainHttp'
    | 'env'
    | 'cwd'
    | 'args'
    | 'passEnvironment'
    | 'sandbox'
    | 'baseUrl'
    | 'credentials'
  )[];
  build(input: ConfigInput, name: string, server: ParsedServer): ServerTransport;
}

const TRANSPORT_READERS: Readonly<Record<ServerTransport['kind'], TransportReader>> = {
  http: { key: 'url', ownKeys: ['headers', 'plainHttp'], build: buildHttp },
  stdio: { key: 'command', ownKeys: ['env', 'cwd', 'args', 'passEnvironment', 'sandbox'], build: buildStdio },
  openapi: { key: 'openapi', ownKeys: ['headers', 'plainHttp', 'baseUrl', 'credentials'], build: buildRest },
};

function buildTransport(input: ConfigInput, name: string, server: ParsedServer): ServerTransport | undefined {
  const readers = Object.values(TRANSPORT_READERS);
  const [reader, second] = readers.filter(({ key }) => server[key] !== undefined);
  if (reader === undefined || second !== undefined) {
    const keys = readers.map(({ key }) => `"${key}"`).join(', ');
    input.report.error(['servers', name], `must have one of ${keys}`);
    return undefined;
  }
  for (const other of readers) {
    for (const key of other.ownKeys) {
      if (reader.ownKeys.includes(key)) continue;
      const value = server[key];
      if (value !== undefined && Object.keys(value).length > 0)
        input.report.error(['servers', name, key], `is for servers with "${other.key}" only`);
    }
  }
  return reader.build(input, name, server);
}

function buildHttp(input: ConfigInput, name: string, server: ParsedServer): ServerTransport {
  const url = checkedUrl(input, ['servers', name, 'url'], server.url ?? '', server.plainHttp);
  return { kind: 'http', url, headers: checkedHeaders(input, name, server) };
}

function buildRest(input: ConfigInput, name: string, server: ParsedServer): ServerTransport {
  const path = ['servers', name, 'baseUrl'];
  if (server.baseUrl === undefined)
    input.report.error(
      ['servers', name],
      'must have "baseUrl": where requests go, whatever servers the document names',
    );
  const baseUrl = checkedUrl(input, path, server.baseUrl ?? 'http://localhost', server.plainHttp);
  if (URL.parse(baseUrl)?.search) input.report.error(path, 'must not have a query');
  return {
    kind: 'openapi',
    baseUrl,
    headers: checkedHeaders(input, name, server),
    ...buildOpenApi(input, name, server),
  };
}

function checkedUrl(
  { report }: ConfigInput,
  path: readonly string[],
  text: string,
  plainHttp: 'allow' | undefined,
): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    report.error(path, 'must be an http or https URL');
  else if (url.username !== '' || url.password !== '')
    report.error(path, 'must not contain credentials; use headers with { secret: env:NAME }');
  else if (url.hash !== '') report.error(path, 'must not have a fragment');
  else if (url.protocol === 'http:' && !isLoopback(url.hostname) && plainHttp !== 'allow') {
    report.error(path, 'must be https outside loopback (the weakening is spelled: plainHttp: allow)');
  }
  return url?.href ?? text;
}

function checkedHeaders(input: ConfigInput, name: string, server: ParsedServer): Readonly<Record<string, string>> {
  for (const header of Object.keys(server.headers)) {
    if (RESERVED_HEADER.test(header))
      input.report.error(['servers', name, 'headers', header], 'is set by the gateway and cannot be configured');
  }
  return resolveTexts(input, ['servers', name, 'headers'], server.headers);
}

/** Headers of framing, routing and the protocol. Setting them would make a request that can be read in two ways. */
const RESERVED_HEADER = new RegExp(
  '^(?:host|connection|content-(?:length|type|encoding)|transfer-encoding|accept|accept-encoding|te|trailer|' +
    'upgrade|expect|keep-alive|proxy-.*|mcp-.*)$',
  'i',
);

function buildStdio(input: ConfigInput, name: string, server: ParsedServer): ServerTransport {
  const [command = '', ...args] = commandLine(server);
  const program = /[\\/]/.test(command) ? resolve(input.folder, command) : command;
  const where = `servers.${name}`;
  for (const [index, argument] of args.entries()) {
    if (looksSecret('', argument)) {
      input.report.error(
        argumentPath(name, server, index),
        'looks like a secret, and arguments are visible to every user of the machine; ' +
          'use env with { secret: env:NAME }',
      );
    }
  }
  if (/(?:^|[\\/])(?:sh|bash|zsh|dash|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh)$/.test(command))
    input.report.weaken(`${where}: it is started through a shell (${command})`);
  for (const unpinned of unpinnedPackages(command, args))
    input.report.weaken(`${where}: ${unpinned} has no exact version, so whatever the registry serves is run`);
  const withoutScripts = withoutInstallScripts(command, args);
  for (const [variable, off] of Object.entries(withoutScripts))
    if (Object.hasOwn(server.env, variable) && server.env[variable] !== off)
      input.report.weaken(`${where}: scripts of packages run while they are installed (${variable})`);
  for (const variable of Object.keys(server.env)) {
    if (LOADS_CODE.test(variable)) {
      input.report.weaken(`${where}: the variable ${variable} can load other code into the server`);
    }
  }
  return {
    kind: 'stdio',
    command: program,
    args,
    env: {
      ...passedEnvironment(server.passEnvironment, input.environment, name, input.report),
      ...withoutScripts,
      ...resolveTexts(input, ['servers', name, 'env'], server.env),
    },
    cwd: server.cwd === undefined ? undefined : resolve(input.folder, server.cwd),
    sandbox: server.sandbox && buildSandbox(input, name, server.sandbox, Object.keys(server.env)),
  };
}

function resolveTexts(
  input: ConfigInput,
  path: readonly string[],
  values: Readonly<Record<string, TextOrSecret>>,
): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') {
      if (looksSecret(name, value))
        input.report.error(
          [...path, name],
          'must be a reference such as { secret: env:NAME }; secrets are never written here',
        );
      else entries.push([name, value]);
      continue;
    }
    const resolved = resolveSecret(value.secret, input.environment, input.folder);
    if ('error' in resolved) input.report.error([...path, name, 'secret'], resolved.error);
    else entries.push([name, `${value.prefix ?? ''}${resolved.value}`]);
  }
  return Object.fromEntries(entries);
}
