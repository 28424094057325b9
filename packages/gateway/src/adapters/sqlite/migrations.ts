import type { DatabaseSync } from 'node:sqlite';

/** Applied in order, each once; never edited after a release, only added to. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE api_keys (
     id TEXT PRIMARY KEY, hash TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL,
     roles TEXT NOT NULL, scopes TEXT NOT NULL, tier TEXT, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
   ) STRICT;
   CREATE TABLE pins (
     server TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, document TEXT NOT NULL,
     approved_at INTEGER NOT NULL, approved_by TEXT NOT NULL, PRIMARY KEY (server, kind, name)
   ) STRICT;
   CREATE TABLE pending_pins (
     server TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, document TEXT NOT NULL,
     seen_at INTEGER NOT NULL, PRIMARY KEY (server, kind, name)
   ) STRICT;
   CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
   INSERT INTO counters VALUES ('pins', 0);
   CREATE TABLE ended_sessions (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;`,
];

/** @throws Error when the file is newer than this program. */
export function migrate(database: DatabaseSync): void {
  const version = (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  if (version > MIGRATIONS.length) throw new Error(`the database was written by a newer Sallyport (version ${version}, this one knows ${MIGRATIONS.length})`);
  for (let next = version; next < MIGRATIONS.length; next++) {
    database.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[next]}; PRAGMA user_version = ${next + 1}; COMMIT;`);
  }
}
