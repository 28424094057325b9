/**
 * The key `database` of the configuration: a PostgreSQL server instead of the SQLite file. Outside loopback it is
 * reached over TLS with a checked certificate only.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLoopback } from '@sallyport/guard';
import type { PostgresSettings } from '../snapshot.ts';
import type { ConfigInput } from './input.ts';
import type { ParsedConfig } from './schema.ts';
import { resolveSecret } from './secrets.ts';

type Given = Exclude<NonNullable<ParsedConfig['database']>, string>;

const PORT = 5432;
/** Longer than a failover takes, and no night with keys that nobody can revoke. */
const OUTAGE_MS = 15 * 60_000;
/** Ways to say that the connection must be encrypted; the certificate is checked in each of them. */
const TLS_MODES = ['require', 'verify-ca', 'verify-full'];

/** @returns `undefined` for SQLite in the data folder. Errors and weakenings go to the report. */
export function buildDatabase(input: ConfigInput): PostgresSettings | undefined {
  const { database } = input.config;
  if (database === undefined) return undefined;
  const given: Given = typeof database === 'string' ? { url: database } : database;
  const path = typeof database === 'string' ? ['database'] : ['database', 'url'];
  const fail = (message: string): undefined => void input.report.error(path, message);
  const isReference = /^(?:env|file):/.test(given.url);
  const text = isReference ? resolveSecret(given.url, input.environment, input.folder) : { value: given.url };
  if ('error' in text) return fail(text.error);
  const url = URL.parse(text.value);
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol))
    return fail('must be postgres://USER@HOST/DATABASE, or a reference to one (env:NAME, file:/path)');
  if (!isReference && url.password !== '')
    return fail('must not contain the password; write { url: postgres://…, password: env:NAME }');
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'host' && name !== 'sslmode');
  if (unknown !== undefined) return fail(`must not have the parameter ${JSON.stringify(unknown)}`);
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const name = decodeURIComponent(url.pathname.slice(1));
  if (host === '' || url.username === '' || name === '') return fail('must name a user, a host and a database');
  const sslmode = url.searchParams.get('sslmode') ?? undefined;
  if (sslmode !== undefined && !TLS_MODES.includes(sslmode))
    return fail('has an sslmode that does not encrypt; leave it out, and see `plaintext`');
  return {
    host,
    port: url.port === '' ? PORT : Number(url.port),
    database: name,
    user: decodeURIComponent(url.username),
    password: passwordOf(input, given) ?? (url.password === '' ? undefined : decodeURIComponent(url.password)),
    tls: tlsOf(input, given, host, sslmode),
    outageMs: given.outage ?? OUTAGE_MS,
  };
}

function passwordOf({ report, environment, folder }: ConfigInput, { password }: Given): string | undefined {
  if (password === undefined) return undefined;
  const resolved = resolveSecret(password, environment, folder);
  if ('value' in resolved) return resolved.value;
  report.error(['database', 'password'], resolved.error);
  return undefined;
}

function tlsOf(
  { report, folder }: ConfigInput,
  { ca, plaintext }: Given,
  host: string,
  sslmode: string | undefined,
): PostgresSettings['tls'] {
  const isLocal = host.startsWith('/') || isLoopback(host);
  if (plaintext === 'allow') {
    if (!isLocal) report.weaken('database: it is reached without TLS (plaintext: allow)');
    if (ca !== undefined || sslmode !== undefined)
      report.error(['database', 'plaintext'], 'contradicts `ca` and `sslmode`');
    return undefined;
  }
  if (isLocal && ca === undefined && sslmode === undefined) return undefined;
  if (ca === undefined) return { servername: host };
  try {
    return { servername: host, ca: readFileSync(resolve(folder, ca), 'utf8') };
  } catch (thrown) {
    report.error(['database', 'ca'], `cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'error'})`);
    return { servername: host };
  }
}
