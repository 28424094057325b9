/**
 * The configuration: one file, one schema, one immutable snapshot. The only file that reads the environment.
 *
 * Nothing in the file is expanded or executed. Secrets are named (`env:NAME`, `file:/path`), never written. Every
 * setting that weakens a protection is documented as a weakening and listed in `snapshot.weakenings`.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { asObject } from '@sallyport/guard';
import { buildSnapshot } from './config/build.ts';
import { parseYaml, type ConfigError, type ParsedYaml } from './config/positions.ts';
import { errorsOfIssue, openReport, type Issue } from './config/report.ts';
import { readablePart } from './config/readable-part.ts';
import { readTokenFile } from './config/token-file.ts';
import { jsonSchemaOfConfig } from './config/schema.ts';
import type { Environment } from './config/secrets.ts';
import type { Snapshot } from './snapshot.ts';
import { secretsOfTransport } from './transport-secrets.ts';

export type { ConfigError } from './config/positions.ts';
export type { Environment } from './config/secrets.ts';
export { effectiveSettings } from './config/effective.ts';
export { needRestart } from './config/restart.ts';
export { openFolderId } from './config/folder-id.ts';
export { openSealingKey } from './config/sealing-key.ts';

/** A snapshot and the file that it came from, or every error in it. */
export type Loaded =
  | { readonly snapshot: Snapshot; readonly file: string | undefined }
  | { readonly errors: readonly ConfigError[] };

/** The environment of this process. Every other module gets the variables that it needs as arguments. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * The credential of the commands that act as a user (`call`, `tools`, `stdio`): `SALLYPORT_TOKEN`, or what stands in
 * the file that `SALLYPORT_TOKEN_FILE` names, so that it need not stand in the configuration of a client.
 *
 * @returns `undefined` when none is set. @throws Error with a sentence for the user when the file cannot be used.
 */
export function credentialToken(environment: Environment): string | undefined {
  const file = nonEmpty(environment['SALLYPORT_TOKEN_FILE']);
  return nonEmpty(environment['SALLYPORT_TOKEN']) ?? (file === undefined ? undefined : readTokenFile(file));
}

/** Where a running gateway is, for `call` and `tools`; `undefined` = as configured. */
export const gatewayAddress = (environment: Environment): string | undefined => nonEmpty(environment['SALLYPORT_URL']);

/** Where the admin listener of a running gateway is, for commands; `undefined` = as configured. */
export const adminAddress = (environment: Environment): string | undefined =>
  nonEmpty(environment['SALLYPORT_ADMIN_URL']);

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** PATH, HOME, LANG and TMPDIR: all that a child process gets besides what its settings say. */
export function childEnvironment(environment: Environment): Readonly<Record<string, string>> {
  const variables = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'SYSTEMROOT'].flatMap((name): [string, string][] => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(variables);
}

/** The home folder of this user. */
export const homeFolder = (environment: Environment): string =>
  nonEmpty(environment['HOME']) ?? nonEmpty(environment['USERPROFILE']) ?? homedir();

/** Where the settings of this user are (XDG Base Directory Specification, where a relative path counts as none). */
export function userConfigFolder(environment: Environment): string {
  const configured = environment['XDG_CONFIG_HOME'] ?? '';
  const base = isAbsolute(configured) ? configured : join(homeFolder(environment), '.config');
  return join(base, 'sallyport');
}

const OF_SCREENS = /^(?:DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|BROWSER|DBUS_SESSION_BUS_ADDRESS|USER|XDG_[A-Z_]+)$/;

/** What a program needs that opens the browser; no secret that the environment holds. */
export function browserEnvironment(environment: Environment): Readonly<Record<string, string>> {
  const screens = Object.entries(environment).flatMap(([name, value]): [string, string][] =>
    value !== undefined && OF_SCREENS.test(name) ? [[name, value]] : [],
  );
  return { ...childEnvironment(environment), ...Object.fromEntries(screens) };
}

/**
 * Reads a configuration file.
 *
 * @returns a frozen snapshot, or every error with file, line and column (from 1). Never throws for what is in the file,
 * and never puts a secret into a message.
 */
export function loadConfig(file: string, environment: Environment): Loaded {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? 'error';
    return {
      errors: [
        {
          file,
          line: 1,
          column: 1,
          message:
            code === 'ENOENT'
              ? `the file does not exist; make one with: sallyport init --file ${file}`
              : `the file cannot be read (${code})`,
        },
      ],
    };
  }
  const loaded = loadConfigText(text, file, { environment, folder: dirname(resolve(file)) });
  return 'errors' in loaded ? loaded : { ...loaded, file };
}

/** What the text of a configuration refers to. */
export interface LoadOptions {
  readonly environment: Environment;
  /** What relative paths in the text are relative to. */
  readonly folder: string;
}

/** Does the same for text. `name` stands for the file in errors. */
export function loadConfigText(text: string, name: string, options: LoadOptions): Loaded {
  const yaml = parseYaml(name, text);
  if (yaml.value === undefined) return { errors: yaml.errors };
  const { issues, readable, original, isOwnError } = readablePart(yaml.value);
  const errors = [...yaml.errors, ...schemaErrors(issues, yaml)];
  if (readable === undefined) return { errors: inFileOrder(errors) };
  const report = openReport(yaml, original);
  const snapshot = buildSnapshot({ config: readable, report, ...options }, text, asObject(yaml.value));
  errors.push(...report.errors.filter(({ path, comparedWith = path }) => isOwnError(path) && isOwnError(comparedWith)));
  return errors.length > 0 ? { errors: inFileOrder(errors) } : { snapshot, file: undefined };
}

function schemaErrors(issues: readonly Issue[], yaml: ParsedYaml): ConfigError[] {
  // Making the JSON Schema takes long, and only suggestions for unknown keys need it.
  const jsonSchema = issues.some(({ code }) => code === 'unrecognized_keys') ? jsonSchemaOfConfig() : {};
  return issues.flatMap((issue) => errorsOfIssue(issue, yaml, jsonSchema));
}

const inFileOrder = (errors: readonly ConfigError[]): readonly ConfigError[] =>
  [...errors].sort((a, b) => a.line - b.line || a.column - b.column);

/** The values of all secret references, with and without their prefix. The logger never writes them. */
export function secretsOf(snapshot: Snapshot): readonly string[] {
  const { database, servers, control, approvals } = snapshot;
  const { slack, teams, webhooks, email } = approvals.channels;
  return servers
    .flatMap(({ transport }) => secretsOfTransport(transport))
    .concat(database?.password ?? [])
    .concat(control.signIn.flatMap(({ clientSecret }) => clientSecret ?? []))
    .concat(slack.flatMap(({ token, signingSecret, appToken }) => [token, signingSecret ?? '', appToken ?? '']))
    .concat(teams.map(({ appSecret }) => appSecret))
    .concat(webhooks.map(({ secret }) => secret))
    .concat(email.flatMap(({ password }) => password ?? []))
    .flatMap((value) => [value, value.slice(value.indexOf(' ') + 1)])
    .filter((value) => value.length >= 12);
}

/** One error as compilers print it. */
export function formatConfigError({ file, line, column, message }: ConfigError): string {
  return `${file}:${line}:${column}: ${message}`;
}
