import type { DatabaseSync } from 'node:sqlite';

/** Applied in order, each once. A released migration is never edited; new ones are added at the end. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE api_keys (
     id TEXT PRIMARY KEY, hash TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL,
     roles TEXT NOT NULL, scopes TEXT NOT NULL, tier TEXT, created_at INTEGER NOT NULL, expires_at INTEGER,
     revoked_at INTEGER
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
  `CREATE TABLE withheld (
     server TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL,
     PRIMARY KEY (server, kind, name)
   ) STRICT;`,
  `CREATE TABLE held_sessions (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;`,
  `CREATE TABLE web_sessions (
     id_hash TEXT PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, sid TEXT, session TEXT NOT NULL,
     last_seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX web_sessions_of ON web_sessions (issuer, subject);
   CREATE TABLE taken_once (text TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;`,
  `ALTER TABLE pending_pins ADD COLUMN rejected_at INTEGER;
   ALTER TABLE pending_pins ADD COLUMN rejected_by TEXT;`,
];

/** Brings the schema of a file up to date. @throws Error when a newer program wrote the file. */
export function migrate(database: DatabaseSync): void {
  if (versionOf(database) === MIGRATIONS.length) return;
  // The version is read again under the lock, because another process may migrate the same new file.
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > MIGRATIONS.length)
      throw new Error(
        `the database was written by a newer Sallyport (version ${version}, this one knows ${MIGRATIONS.length})`,
      );
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
  } catch (thrown) {
    database.exec('ROLLBACK');
    throw thrown;
  }
}

const versionOf = (database: DatabaseSync): number =>
  (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
