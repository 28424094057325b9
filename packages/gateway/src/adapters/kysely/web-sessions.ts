/** The sessions of browsers in a database that several processes share. */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { WebSession, WebSessionStore } from '../../web-sessions.ts';
import { inOrder } from './numbered.ts';
import { quoted, unquoted, type Tables, type WebSessionRow } from './tables.ts';

const hashOf = (text: string): string => createHash('sha256').update(quoted(text)).digest('hex');

/** The sessions of all people. */
export function createSharedWebSessions(database: Kysely<Tables>): WebSessionStore {
  return {
    async find(idHash) {
      const row = await database
        .selectFrom('web_sessions')
        .selectAll()
        .where('id_hash', '=', idHash)
        .executeTakeFirst();
      return row && sessionOf(row);
    },
    insert: (session, perPersonMax, nowMs) =>
      inOrder(database, 'web_sessions', async (transaction, number) => {
        await transaction.deleteFrom('web_sessions').where('expires_at', '<=', nowMs).execute();
        const row = rowOf(session, number);
        const older = transaction
          .selectFrom('web_sessions')
          .select('id_hash')
          .where('issuer', '=', row.issuer)
          .where('subject', '=', row.subject)
          .orderBy('number', 'desc')
          .offset(perPersonMax - 1);
        await transaction.deleteFrom('web_sessions').where('id_hash', 'in', older).execute();
        await transaction.insertInto('web_sessions').values(row).execute();
      }),
    async seen(idHash, atMs) {
      const later = database.updateTable('web_sessions').set({ last_seen_at: atMs }).where('last_seen_at', '<', atMs);
      await later.where('id_hash', '=', idHash).execute();
    },
    async end(idHash) {
      await database.deleteFrom('web_sessions').where('id_hash', '=', idHash).execute();
    },
    async endOf({ issuer, sub, sid }) {
      let query = database.selectFrom('web_sessions').selectAll().where('issuer', '=', quoted(issuer));
      if (sid !== undefined)
        // A session of the person of which the issuer named no id may be the one that is meant.
        query = query.where(({ eb, or }) =>
          or([eb('sid', '=', quoted(sid)), ...(sub === undefined ? [] : [eb('sid', 'is', null)])]),
        );
      const rows = await query.execute();
      const meant = rows
        .map(sessionOf)
        .filter(({ claims, subject }) => sub === undefined || (claims['sub'] ?? subject) === sub);
      if (meant.length === 0) return;
      const ids = meant.map(({ idHash }) => idHash);
      await database.deleteFrom('web_sessions').where('id_hash', 'in', ids).execute();
    },
    async takeOnce(text, expiresAtMs, nowMs) {
      await database.deleteFrom('taken_once').where('expires_at', '<=', nowMs).execute();
      const { numInsertedOrUpdatedRows } = await database
        .insertInto('taken_once')
        .values({ text_hash: hashOf(text), expires_at: expiresAtMs })
        .onConflict((conflict) => conflict.column('text_hash').doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },
  };
}

/** What a row keeps beside its columns. */
type Stored = Omit<WebSession, 'idHash' | 'issuer' | 'subject' | 'sid' | 'lastSeenAtMs' | 'expiresAtMs'>;

function rowOf(session: WebSession, number: number): WebSessionRow {
  const { idHash, issuer, subject, sid, lastSeenAtMs, expiresAtMs, ...stored } = session;
  return {
    id_hash: idHash,
    number,
    issuer: quoted(issuer),
    subject: quoted(subject),
    sid: sid === undefined ? null : quoted(sid),
    session: JSON.stringify(stored satisfies Stored),
    last_seen_at: lastSeenAtMs,
    expires_at: expiresAtMs,
  };
}

function sessionOf(row: WebSessionRow): WebSession {
  const stored = JSON.parse(row.session) as Stored;
  return {
    ...stored,
    acr: stored.acr,
    idHash: row.id_hash,
    issuer: unquoted(row.issuer),
    subject: unquoted(row.subject),
    sid: row.sid === null ? undefined : unquoted(row.sid),
    lastSeenAtMs: row.last_seen_at,
    expiresAtMs: row.expires_at,
  };
}
