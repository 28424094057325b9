/** A server of a client, turned into one of the gateway: its secrets become references, and what changed is said. */
import { argumentSecrets } from '../../config/argument-secrets.ts';
import { looksSecret, weakness } from '../../config/secrets.ts';
import type { WrittenServer, WrittenValue } from '../configured-server.ts';
import type { ClientServer } from './read-servers.ts';

/** A secret that was a literal, and the file that it is to be in, from the folder of the configuration. */
export interface MovedSecret {
  readonly file: string;
  readonly value: string;
}

/** What becomes of a server. */
export interface ImportedServer {
  readonly name: string;
  /** `undefined`: it is left out, and the notes say why. */
  readonly server: WrittenServer | undefined;
  readonly secrets: readonly MovedSecret[];
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

/** Folder of secrets that were literals. */
export const SECRETS_FOLDER = 'secrets';

/** @param taken names that are not free. */
export function importServer(client: ClientServer, taken: ReadonlySet<string>): ImportedServer {
  const name = freeName(client.name, taken);
  const notes: string[] = [];
  const secrets: MovedSecret[] = [];
  const leftOut = (why: string): ImportedServer => ({ name, server: undefined, secrets: [], notes: [why] });
  if (client.isDisabled) return leftOut('it is switched off there, and was left out');
  if (name !== client.name) notes.push(`it was called ${JSON.stringify(client.name)}`);
  const remote = client.command === undefined ? undefined : remoteOf(client.command);
  const { url = remote?.url, command } = client;
  const convert = (values: Readonly<Record<string, string>>): Record<string, WrittenValue> =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, valueOf(name, key, value, { notes, secrets })]),
    );
  if (url !== undefined) {
    if (remote !== undefined) notes.push('mcp-remote is not needed: the gateway reaches the URL itself');
    return { name, server: { url, headers: convert({ ...remote?.headers, ...client.headers }) }, secrets, notes };
  }
  if (command === undefined) return leftOut('it has neither a URL nor a command, and was left out');
  const [secretAt] = argumentSecrets(command.slice(1));
  if (secretAt !== undefined)
    return leftOut(
      `it was left out: argument ${secretAt + 1} looks like a secret, and every user of a machine can read ` +
        'arguments. Where the program reads a variable: sallyport add … --env NAME=env:NAME',
    );
  const variable = command.find((part) => variableIn(part) !== undefined);
  if (variable !== undefined)
    return leftOut(`it was left out: ${JSON.stringify(variable)} is never expanded here; write the value itself`);
  const cwd = client.cwd === undefined ? {} : { cwd: client.cwd };
  return { name, server: { command, ...cwd, env: convert(client.env) }, secrets, notes };
}

/** `[a-z0-9-]`, 1-32 characters, and not taken. */
function freeName(written: string, taken: ReadonlySet<string>): string {
  const plain = written
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 32);
  const base = plain === '' ? 'server' : plain;
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base.slice(0, 32 - `-${count}`.length)}-${count}`;
    if (!taken.has(name)) return name;
  }
}

/** A variable as the clients write it: `${NAME}`, `${env:NAME}`, an input of VS Code, `$NAME`, `%NAME%`. */
const IN_BRACES = /\$\{([^{}]{1,256})\}/;
const BARE = /^(?:\$(\w{1,128})|%(\w{1,128})%)$/;

/** The name of the variable in a text, and where it begins; `undefined` when there is none. */
function variableIn(text: string): { readonly name: string; readonly at: number } | undefined {
  const braces = IN_BRACES.exec(text);
  const inBraces = braces?.[1]?.replace(/^(?:env|input):/, '').split(':-')[0];
  if (braces !== null && inBraces !== undefined) return { name: inBraces, at: braces.index };
  const bare = BARE.exec(text);
  const name = bare?.[1] ?? bare?.[2];
  return name === undefined ? undefined : { name, at: 0 };
}

interface Collected {
  readonly notes: string[];
  readonly secrets: MovedSecret[];
}

function valueOf(server: string, key: string, text: string, { notes, secrets }: Collected): WrittenValue {
  const [whole = '', prefix = '', rest = ''] = /^((?:Bearer|Basic|Token) )?(.*)$/s.exec(text) ?? [];
  const withPrefix = prefix === '' ? {} : { prefix };
  const found = variableIn(rest);
  if (found !== undefined) {
    const variable = variableName(found.name);
    const before = `${prefix}${rest.slice(0, found.at)}`;
    notes.push(`${key} is the variable ${variable}: set it where the gateway runs`);
    return { secret: `env:${variable}`, ...(before !== '' && { prefix: before }) };
  }
  if (!looksSecret(key, whole)) return whole;
  if (weakness(rest) !== undefined) {
    const variable = variableName(`${server}_${key}`);
    notes.push(`${key} was a placeholder: set the variable ${variable} where the gateway runs`);
    return { secret: `env:${variable}`, ...withPrefix };
  }
  const file = `${SECRETS_FOLDER}/${server}.${key.replace(/[^\w.-]/g, '_')}`;
  secrets.push({ file, value: rest });
  notes.push(`${key} was a literal secret: it is in ${file} now, readable by you only, and the configuration names it`);
  return { secret: `file:./${file}`, ...withPrefix };
}

const variableName = (text: string): string => {
  const name = text.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
  return /^[0-9]/.test(name) ? `_${name}` : name;
};

/** `npx mcp-remote URL --header "Name: value"` reaches a URL that the gateway can reach itself. */
function remoteOf(
  command: readonly string[],
): { readonly url: string; readonly headers: Readonly<Record<string, string>> } | undefined {
  const at = command.findIndex((part) => /^mcp-remote(?:@[\w.-]+)?$/.test(part));
  const url = command.slice(at + 1).find((part) => /^https?:\/\//.test(part));
  if (at === -1 || url === undefined) return undefined;
  const headers = command.flatMap((part, index): [string, string][] => {
    const text = part === '--header' ? (command[index + 1] ?? '') : '';
    const colon = text.indexOf(':');
    return colon <= 0 ? [] : [[text.slice(0, colon).trim(), text.slice(colon + 1).trim()]];
  });
  return { url, headers: Object.fromEntries(headers) };
}
