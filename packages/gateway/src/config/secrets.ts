/**
 * The configuration names secrets and never holds them: `env:NAME` and `file:/path`. The value of a reference is
 * refused when it is empty or a well-known example, because such a value protects nothing.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a reference, or why it has none. */
export type Resolved = { readonly value: string } | { readonly error: string };

const UNSUPPORTED_SCHEMES = new Set(['vault', 'aws', 'azure', 'gcp', 'k8s']);

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

/**
 * Why a secret protects nothing; `undefined` when there is no such reason. `bytesMin` is 32 for the gateway's own keys.
 */
export function weakness(secret: string | Uint8Array, bytesMin = 1): string | undefined {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : Buffer.from(secret);
  const text = bytes.toString('latin1').trim();
  if (text === '') return 'is empty';
  // An example stays weak when it is repeated to reach the required length.
  const unit = text.length > 256 ? text : (/^(.+?)\1*$/s.exec(text)?.[1] ?? text);
  if (isExample(text) || isExample(unit)) return 'is a default or example value';
  if (new Set(bytes).size < Math.min(4, bytes.length)) return 'repeats a few characters';
  if (bytes.length < bytesMin) return `is shorter than ${bytesMin} bytes`;
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
  if (scheme !== undefined && UNSUPPORTED_SCHEMES.has(scheme))
    return { error: `"${scheme}:" references are not supported by this release; use env:NAME or file:/path` };
  return { error: 'is not a reference; write env:NAME or file:/path (a secret itself is never written here)' };
}

function fromEnvironment(name: string, environment: Environment): Resolved {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return { error: 'is not the name of an environment variable' };
  const value = environment[name];
  return value === undefined
    ? { error: `the environment variable ${name} is not set` }
    : checkSecret(value, `the environment variable ${name}`);
}

function fromFile(path: string, folder: string): Resolved {
  if (path === '') return { error: 'names no file' };
  try {
    return checkSecret(readFileSync(resolve(folder, path), 'utf8').replace(/\r?\n$/, ''), `the file ${path}`);
  } catch (thrown) {
    return { error: `the file ${path} cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'error'})` };
  }
}

function checkSecret(value: string, source: string): Resolved {
  const reason = weakness(value);
  if (reason !== undefined) return { error: `${source} ${reason}` };
  // A line break would end the header or the variable, and begin another one.
  return /[\0\r\n]/.test(value) ? { error: `${source} contains a line break` } : { value };
}

const SECRET_WORDS =
  'authorization|cookie|token|secret|passwd|password|passphrase|credentials?|' +
  'apikey|api[-_]key|access[-_]key|private[-_]key';
const SECRET_NAME = new RegExp(
  `(?:^|[-_])(?:${SECRET_WORDS})(?:$|[-_])|^x-api-key$|apikey$|token$|password$|secret$`,
  'i',
);
/** Authorization schemes, JWTs, the prefixes of well-known services, and private keys. */
const SECRET_PREFIXES = 'sp|sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[abpr]|AKIA|npm|hf';
const SECRET_VALUE = new RegExp(
  [
    '^(?:Bearer|Basic) ',
    '^eyJ[A-Za-z0-9_-]{8,}\\.',
    `^(?:${SECRET_PREFIXES})[-_]?[A-Za-z0-9_-]{16,}`,
    '-----BEGIN [A-Z ]*PRIVATE KEY',
  ].join('|'),
);

/** True when the name or the value of a literal shows that it is a secret. */
export function looksSecret(name: string, value: string): boolean {
  return SECRET_NAME.test(name) || SECRET_VALUE.test(value);
}
