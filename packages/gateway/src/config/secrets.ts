/**
 * Secrets are named in the configuration, never written there: `env:NAME` and `file:/path`. What a reference resolves
 * to is refused when it is empty or a well-known example, because such a value protects nothing.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Resolved = { readonly value: string } | { readonly error: string };

const LATER = new Set(['vault', 'aws', 'azure', 'gcp', 'k8s']);

const EXAMPLES = new Set([
  'changeme',
  'change-me',
  'change_me',
  'secret',
  'password',
  'passw0rd',
  'admin',
  'default',
  'example',
  'test',
  'token',
  'apikey',
  'api-key',
  'secret-api-key',
  'your-secret-key',
  'your-api-key',
  'your_api_key',
  'your-256-bit-secret',
  'my-secret-key',
  'supersecret',
  'replace-me',
  'replaceme',
  'todo',
  'xxx',
  'none',
  'null',
  'undefined',
  '123456',
  '12345678',
  'letmein',
  'qwerty',
  'dev',
  'development',
  'foo',
  'foobar',
]);

/** Why a secret protects nothing; `undefined` when there is no such reason. `minBytes` = 32 for key material of our own. */
export function weakness(secret: string | Uint8Array, minBytes = 1): string | undefined {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : Buffer.from(secret);
  const text = bytes.toString('latin1').trim();
  if (text === '') return 'is empty';
  // An example does not get better by being repeated or padded to the required length.
  const stem = text.length > 256 ? text : (/^(.+?)\1*$/s.exec(text)?.[1] ?? text);
  if (isExample(text) || isExample(stem)) return 'is a default or example value';
  if (new Set(bytes).size < Math.min(4, bytes.length)) return 'repeats a few characters';
  if (bytes.length < minBytes) return `is shorter than ${minBytes} bytes`;
  return undefined;
}

function isExample(text: string): boolean {
  const plain = text.toLowerCase().replace(/[^a-z0-9_-]+/g, '');
  return (
    EXAMPLES.has(plain) ||
    /(?:change|replace)[-_]?(?:me|this)|your[-_].*(?:key|secret|token)|^x+$|insert[-_].*here/.test(plain)
  );
}

/** @param folder what a relative `file:` path is relative to. Never puts the value into an error. */
export function resolveSecret(reference: string, environment: Environment, folder: string): Resolved {
  const scheme = /^([a-z0-9]+):/.exec(reference)?.[1];
  if (scheme === 'env') return fromEnvironment(reference.slice(4), environment);
  if (scheme === 'file') return fromFile(reference.slice(5), folder);
  if (scheme !== undefined && LATER.has(scheme))
    return { error: `"${scheme}:" references are not supported by this release; use env:NAME or file:/path` };
  return { error: 'is not a reference; write env:NAME or file:/path (a secret itself is never written here)' };
}

function fromEnvironment(name: string, environment: Environment): Resolved {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return { error: 'is not the name of an environment variable' };
  const value = environment[name];
  return value === undefined
    ? { error: `the environment variable ${name} is not set` }
    : checked(value, `the environment variable ${name}`);
}

function fromFile(path: string, folder: string): Resolved {
  if (path === '') return { error: 'names no file' };
  try {
    return checked(readFileSync(resolve(folder, path), 'utf8').replace(/\r?\n$/, ''), `the file ${path}`);
  } catch (thrown) {
    return { error: `the file ${path} cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'error'})` };
  }
}

function checked(value: string, where: string): Resolved {
  const why = weakness(value);
  if (why !== undefined) return { error: `${where} ${why}` };
  // A header or variable with a line break in it would be two.
  return /[\0\r\n]/.test(value) ? { error: `${where} contains a line break` } : { value };
}

const SECRET_NAME =
  /(?:^|[-_])(?:authorization|cookie|token|secret|passwd|password|passphrase|credentials?|apikey|api[-_]key|access[-_]key|private[-_]key)(?:$|[-_])|^x-api-key$|apikey$|token$|password$|secret$/i;
const SECRET_VALUE =
  /^(?:Bearer|Basic) |^eyJ[A-Za-z0-9_-]{8,}\.|^(?:sp|sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[abpr]|AKIA|npm|hf)[-_]?[A-Za-z0-9_-]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY/;

/** Does this name or this value say that a literal is a secret? */
export function looksSecret(name: string, value: string): boolean {
  return SECRET_NAME.test(name) || SECRET_VALUE.test(value);
}
