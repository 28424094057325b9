/**
 * The configuration: one file, one schema, one immutable snapshot. The only file that reads the environment.
 *
 * Nothing in the file is expanded or executed. Secrets are named (`env:NAME`, `file:/path`), never written. Whatever
 * weakens a protection is spelled as a weakening and collected in `snapshot.weakenings`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { buildSnapshot } from './config/build.ts';
import { parsePlaced, type ConfigError, type Placed } from './config/positions.ts';
import { errorsOfIssue, openReport, type Issue } from './config/report.ts';
import { jsonSchemaOfConfig, schema } from './config/schema.ts';
import type { Environment } from './config/secrets.ts';
import type { Snapshot } from './snapshot.ts';

export type { ConfigError } from './config/positions.ts';
export type { Environment } from './config/secrets.ts';
export { needRestart } from './config/restart.ts';
export { openSealingKey } from './config/sealing-key.ts';

export type Loaded =
  | { readonly snapshot: Snapshot; readonly file: string | undefined }
  | { readonly errors: readonly ConfigError[] };

const DEFAULT_FILE = 'sallyport.yaml';

/** What this process was started with. Everything else gets the parts that it needs as arguments. */
export function processEnvironment(): Environment {
  return process.env;
}

/** The credential of the commands that act as a user (`call`, `tools`, `stdio`); `undefined` when none is set. */
export function credentialToken(environment: Environment): string | undefined {
  const token = environment['SALLYPORT_TOKEN'];
  return token === undefined || token === '' ? undefined : token;
}

/** Where a running gateway is, for `call` and `tools`; `undefined` = as configured. */
export function gatewayAddress(environment: Environment): string | undefined {
  const address = environment['SALLYPORT_URL'];
  return address === undefined || address === '' ? undefined : address;
}

/** PATH, HOME, LANG and TMPDIR: all that a child process gets besides what its settings say. */
export function childEnvironment(environment: Environment): Readonly<Record<string, string>> {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'SYSTEMROOT'].flatMap((name): [string, string][] => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(kept);
}

/** The file that a command reads when it is not told one: `SALLYPORT_CONFIG`, or `sallyport.yaml` here if there is one. */
export function defaultConfigFile(environment: Environment, folder: string = process.cwd()): string | undefined {
  const named = environment['SALLYPORT_CONFIG'];
  if (named !== undefined && named !== '') return resolve(folder, named);
  const here = resolve(folder, DEFAULT_FILE);
  return existsSync(here) ? here : undefined;
}

/**
 * Reads a configuration file, or the embedded defaults when `file` is `undefined`.
 *
 * @returns a frozen snapshot, or every error with file, line and column (from 1). Never throws for what is in the file,
 * and never puts a secret into a message.
 */
export function loadConfig(file: string | undefined, environment: Environment): Loaded {
  if (file === undefined) return loadConfigText('', 'embedded defaults', { environment, folder: process.cwd() });
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
          message: code === 'ENOENT' ? 'the file does not exist' : `the file cannot be read (${code})`,
        },
      ],
    };
  }
  const loaded = loadConfigText(text, file, { environment, folder: dirname(resolve(file)) });
  return 'errors' in loaded ? loaded : { ...loaded, file };
}

export interface Surroundings {
  readonly environment: Environment;
  /** What relative paths in the text are relative to. */
  readonly folder: string;
}

/** The same from text. `name` is what errors call the file. */
export function loadConfigText(text: string, name: string, surroundings: Surroundings): Loaded {
  const placed = parsePlaced(name, text);
  if (placed.errors.length > 0) return { errors: placed.errors };
  const parsed = schema.safeParse(placed.value ?? {});
  if (!parsed.success) return { errors: inOrder(schemaErrors(parsed.error.issues, placed)) };
  const report = openReport(placed);
  const snapshot = buildSnapshot({ written: parsed.data, report, ...surroundings }, text);
  return report.errors.length > 0 ? { errors: inOrder(report.errors) } : { snapshot, file: undefined };
}

function schemaErrors(issues: readonly Issue[], placed: Placed): ConfigError[] {
  const jsonSchema = jsonSchemaOfConfig();
  return issues.flatMap((issue) => errorsOfIssue(issue, placed, jsonSchema));
}

const inOrder = (errors: readonly ConfigError[]): readonly ConfigError[] =>
  [...errors].sort((a, b) => a.line - b.line || a.column - b.column);

/** What the secret references of a snapshot resolved to (with any prefix), for the logger: these values never appear. */
export function secretsOf(snapshot: Snapshot): readonly string[] {
  return snapshot.servers
    .flatMap(({ transport }) => Object.values(transport.kind === 'http' ? transport.headers : transport.env))
    .flatMap((value) => [value, value.slice(value.indexOf(' ') + 1)])
    .filter((value) => value.length >= 12);
}

/** One error as compilers print it. */
export function formatConfigError({ file, line, column, message }: ConfigError): string {
  return `${file}:${line}:${column}: ${message}`;
}
