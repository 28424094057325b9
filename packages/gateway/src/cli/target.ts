/** Which gateway a command talks to, and with which credential: shared by `tools` and `call`. */
import { InvalidArgumentError } from 'commander';
import { formatConfigError, gatewayAddress, loadConfig } from '../config.ts';
import { isAddress, requireToken } from './address.ts';
import type { CommandContext, CommandOption } from './command.ts';
import type { GatewayTarget } from './gateway-client.ts';

/** The parsed values of `TARGET_OPTIONS`. */
export interface TargetOptions {
  readonly server?: string;
  readonly url?: string;
}

/** Options of every command that talks to a running gateway. */
export const TARGET_OPTIONS: readonly CommandOption[] = [
  {
    flags: '--server <name>',
    summary: 'one server with its own tool names, instead of all as server__tool',
    parse: parseServerName,
  },
  {
    flags: '--url <url>',
    summary: 'where the gateway is (default: SALLYPORT_URL, or as configured)',
    parse: parseAddress,
  },
];

function parseServerName(text: string): string {
  if (!/^[a-z0-9-]{1,32}$/.test(text)) throw new InvalidArgumentError('Use 1-32 characters of a-z 0-9 -.');
  return text;
}

function parseAddress(text: string): string {
  if (!isAddress(text)) throw new InvalidArgumentError('Use an http or https URL, such as http://127.0.0.1:8700.');
  return text;
}

/** @throws Error with a sentence for the user when there is no credential or no valid address. */
export function targetOf(options: TargetOptions, context: CommandContext): GatewayTarget {
  const { environment, version } = context;
  const token = requireToken(environment);
  const address = options.url ?? gatewayAddress(environment) ?? configuredAddress(context);
  if (!isAddress(address)) throw new Error('the address of the gateway (SALLYPORT_URL) must be an http or https URL');
  const { origin, pathname } = new URL(address);
  const endpoint = pathname === '/' ? '/mcp' : pathname;
  const path = options.server === undefined ? endpoint : `/mcp/${options.server}`;
  return { url: `${origin}${path}`, token, version };
}

function configuredAddress({ configuration, environment }: CommandContext): string {
  const loaded = loadConfig(configuration.file(), environment);
  if ('snapshot' in loaded) return loaded.snapshot.gateway.publicUrl;
  const [first] = loaded.errors;
  throw new Error(first === undefined ? 'the configuration has errors' : formatConfigError(first));
}
