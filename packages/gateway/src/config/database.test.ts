/** `database`: what is a usable address, where the password comes from, and when TLS is used. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfigText, needRestart, secretsOf } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-database-'));
writeFileSync(join(folder, 'ca.pem'), 'CERTIFICATE');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ENVIRONMENT = { DB_PASSWORD: 'correct horse battery', DB_URL: 'postgres://app:s%20ecret@db.example:6543/x' };

function load(database: unknown): Snapshot | string {
  const loaded = loadConfigText(JSON.stringify({ database }), 'test', { environment: ENVIRONMENT, folder });
  return 'errors' in loaded ? loaded.errors.map(({ message }) => message).join('\n') : loaded.snapshot;
}
function settingsOf(database: unknown): Snapshot {
  const snapshot = load(database);
  if (typeof snapshot === 'string') throw new Error(snapshot);
  return snapshot;
}

describe('a database', () => {
  it('is SQLite when nothing is said', () => {
    expect(settingsOf(undefined).database).toBeUndefined();
  });

  it('is reached over TLS with a checked certificate outside loopback, and plainly within', () => {
    const at = (url: string) => settingsOf(url).database;
    expect(at('postgres://app@db.example/x')).toEqual({
      host: 'db.example',
      port: 5432,
      database: 'x',
      user: 'app',
      password: undefined,
      tls: { servername: 'db.example' },
      outageMs: 900_000,
    });
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      expect(at(`postgresql://app@${host}/x`)?.tls).toBeUndefined();
    expect(at('postgres://app@localhost/x?host=/run/postgresql')).toMatchObject({ host: '/run/postgresql' });
    expect(at('postgres://app@localhost/x?sslmode=require')?.tls).toEqual({ servername: 'localhost' });
    const ca = settingsOf({ url: 'postgres://app@localhost/x', ca: 'ca.pem' }).database;
    expect(ca?.tls).toEqual({ servername: 'localhost', ca: 'CERTIFICATE' });
  });

  it('may be away for as long as is set', () => {
    const url = 'postgres://app@localhost/x';
    expect(settingsOf({ url, outage: '5s' }).database?.outageMs).toBe(5_000);
    for (const outage of ['4s', '0s', '400d']) expect(load({ url, outage }), outage).toMatch(/must be/);
  });

  it('plain outside loopback is a weakening', () => {
    const given = { url: 'postgres://app@db.example/x', plaintext: 'allow' };
    expect(settingsOf(given).database?.tls).toBeUndefined();
    expect(settingsOf(given).weakenings).toContain('database: it is reached without TLS (plaintext: allow)');
    expect(load({ ...given, ca: 'ca.pem' })).toMatch(/contradicts/);
  });

  it('takes its password, or the whole URL, from a reference; the log never shows it', () => {
    const snapshot = settingsOf({ url: 'postgres://app@db.example/x', password: 'env:DB_PASSWORD' });
    expect(snapshot.database?.password).toBe('correct horse battery');
    expect(secretsOf(snapshot)).toContain('correct horse battery');
    expect(settingsOf('env:DB_URL').database).toMatchObject({ user: 'app', password: 's ecret', port: 6543 });
  });

  it.each([
    ['a password in the file', 'postgres://app:hunter2@db.example/x', 'must not contain the password'],
    ['another scheme', 'mysql://app@db.example/x', 'must be postgres://'],
    ['no URL', 'db.example', 'must be postgres://'],
    ['no user', 'postgres://db.example/x', 'must name a user, a host and a database'],
    ['no database', 'postgres://app@db.example', 'must name a user, a host and a database'],
    ['a mode without TLS', 'postgres://app@db.example/x?sslmode=prefer', 'does not encrypt'],
    ['an unknown parameter', 'postgres://app@db.example/x?sslcert=/etc/passwd', 'must not have the parameter'],
    ['a missing variable', 'env:MISSING', 'MISSING is not set'],
    ['a missing password', { url: 'postgres://app@db.example/x', password: 'env:MISSING' }, 'MISSING is not set'],
    ['a missing authority', { url: 'postgres://app@db.example/x', ca: 'none.pem' }, 'cannot be read (ENOENT)'],
  ])('%s is refused', (_name, database, says) => {
    const errors = load(database);
    expect(errors).toContain(says);
    expect(errors).not.toContain('hunter2');
  });

  it('needs a restart when it changes', () => {
    expect(needRestart(settingsOf('postgres://app@localhost/x'), settingsOf('postgres://app@localhost/y'))).toEqual([
      'database',
    ]);
  });
});
