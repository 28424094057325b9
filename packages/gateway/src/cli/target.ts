/** Which gateway, and as whom: what `tools` and `call` have in common. */
import { InvalidArgumentError, type Command } from 'commander';
import { credentialToken, formatConfigError, gatewayAddress, loadConfig, type Environment } from '../config.ts';
import type { Aim } from './gateway-client.ts';

export interface TargetOptions {
  readonly server?: string;
  readonly url?: string;
}

export interface TargetSource {
  readonly environment: Environment;
  readonly version: string;
  /** The configuration file in use. */
  readonly configFile: () => string | undefined;
}

export function targetOptions(command: Command): Command {
  return command
    .option('--server <name>', 'one server with its own tool names, instead of all as server__tool', serverName)
    .option('--url <url>', 'where the gateway is (default: SALLYPORT_URL, or as configured)', address);
}

function serverName(text: string): string {
  if (!/^[a-z0-9-]{1,32}$/.test(text)) throw new InvalidArgumentError('Use 1-32 characters of a-z 0-9 -.');
  return text;
}

const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

function address(text: string): string {
  if (!isAddress(text)) throw new InvalidArgumentError('Use an http or https URL, such as http://127.0.0.1:8700.');
  return text;
}

/** @throws Error with a sentence for the user. */
export function aimOf(options: TargetOptions, source: TargetSource): Aim {
  const token = credentialToken(source.environment);
  if (token === undefined)
    throw new Error('SALLYPORT_TOKEN is not set: put an access token or an API key (sallyport keys create) into it');
  const base = options.url ?? gatewayAddress(source.environment) ?? configured(source);
  if (!isAddress(base)) throw new Error('the address of the gateway (SALLYPORT_URL) must be an http or https URL');
  const url = new URL(base);
  const path = url.pathname === '/' ? '/mcp' : url.pathname;
  return {
    url: `${url.origin}${options.server === undefined ? path : `/mcp/${options.server}`}`,
    token,
    version: source.version,
  };
}

function configured(source: TargetSource): string {
  const loaded = loadConfig(source.configFile(), source.environment);
  const [error] = 'errors' in loaded ? loaded.errors : [];
  if ('errors' in loaded)
    throw new Error(error === undefined ? 'the configuration has errors' : formatConfigError(error));
  return loaded.snapshot.gateway.publicUrl;
}
