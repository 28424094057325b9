/** Passkeys, in a database that several processes share. */
import type { Person } from '@sallyport/guard';
import type { Kysely } from 'kysely';
import type { Passkey, PasskeyStore } from '../../passkeys.ts';
import { quoted, unquoted, type PasskeyRow, type Tables } from './tables.ts';

/** The passkeys of all people. */
export function createPasskeyStore(database: Kysely<Tables>): PasskeyStore {
  return {
    async list(person) {
      const rows = await ofPerson(database, person).orderBy('created_at').orderBy('id').execute();
      return rows.map(read);
    },
    insert: (passkey, perPersonMax) =>
      database.transaction().execute(async (transaction) => {
        // Raising a number that all inserts raise keeps others out until the end, so that the count holds.
        await transaction
          .updateTable('sequences')
          .set((column) => ({ value: column('value', '+', 1) }))
          .where('name', '=', 'passkeys')
          .execute();
        const known = await ofPerson(transaction, passkey).execute();
        if (known.length >= perPersonMax) return 'full';
        const { numInsertedOrUpdatedRows = 0n } = await transaction
          .insertInto('passkeys')
          .values(rowOf(passkey))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst();
        return numInsertedOrUpdatedRows > 0n ? 'inserted' : 'exists';
      }),
    async used({ id, counter, usedAtMs = 0 }, before) {
      const { numUpdatedRows } = await database
        .updateTable('passkeys')
        .set({ counter, used_at: usedAtMs })
        .where('id', '=', quoted(id))
        .where('counter', '=', before)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async remove({ issuer, subject }, id) {
      const { numDeletedRows } = await database
        .deleteFrom('passkeys')
        .where('id', '=', quoted(id))
        .where('issuer', '=', quoted(issuer))
        .where('subject', '=', quoted(subject))
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
    async challenge(challenge, boundTo, expiresAtMs, nowMs) {
      await database.deleteFrom('passkey_challenges').where('expires_at', '<=', nowMs).execute();
      await database
        .insertInto('passkey_challenges')
        .values({ challenge: quoted(challenge), bound_to: quoted(boundTo), expires_at: expiresAtMs })
        .execute();
    },
    async takeChallenge(challenge, boundTo, nowMs) {
      const taken = await database
        .deleteFrom('passkey_challenges')
        .where('challenge', '=', quoted(challenge))
        .returning(['bound_to', 'expires_at'])
        .executeTakeFirst();
      return taken !== undefined && taken.bound_to === quoted(boundTo) && taken.expires_at > nowMs;
    },
  };
}

const ofPerson = (database: Kysely<Tables>, { issuer, subject }: Person) =>
  database
    .selectFrom('passkeys')
    .selectAll()
    .where('issuer', '=', quoted(issuer))
    .where('subject', '=', quoted(subject));

const read = (row: PasskeyRow): Passkey => ({
  id: unquoted(row.id),
  issuer: unquoted(row.issuer),
  subject: unquoted(row.subject),
  publicKey: row.public_key,
  counter: row.counter,
  transports: JSON.parse(row.transports) as string[],
  name: unquoted(row.name),
  createdAtMs: row.created_at,
  usedAtMs: row.used_at ?? undefined,
});

const rowOf = ({ id, issuer, subject, publicKey, counter, transports, name, createdAtMs }: Passkey): PasskeyRow => ({
  id: quoted(id),
  issuer: quoted(issuer),
  subject: quoted(subject),
  public_key: publicKey,
  counter,
  transports: JSON.stringify(transports),
  name: quoted(name),
  created_at: createdAtMs,
  used_at: null,
});
