/** People who signed in, in a database that several processes share. */
import type { JsonObject } from '@sallyport/guard';
import type { Kysely } from 'kysely';
import { comparedEmail, objectId, verifiedEmail, type PeopleStore } from '../../channels/people.ts';
import { quoted, unquoted, type Tables } from './tables.ts';

/** The people of all tenants. */
export function createPeopleStore(database: Kysely<Tables>): PeopleStore {
  return {
    async remember({ tenant, issuer, clientId, subject, claims, atMs }) {
      const email = verifiedEmail(claims);
      const object = objectId(claims);
      const said = {
        client_id: quoted(clientId),
        email: email === undefined ? null : quoted(email),
        object_id: object === undefined ? null : quoted(object),
        claims: JSON.stringify(claims),
        at: atMs,
      };
      await database
        .insertInto('people')
        .values({ tenant: quoted(tenant), issuer: quoted(issuer), subject: quoted(subject), ...said })
        .onConflict((conflict) => conflict.columns(['tenant', 'issuer', 'subject']).doUpdateSet(said))
        .execute();
    },
    async find(tenant, who, sinceMs) {
      let query = database
        .selectFrom('people')
        .selectAll()
        .where('tenant', '=', quoted(tenant))
        .where('at', '>=', sinceMs);
      if ('email' in who) query = query.where('email', '=', quoted(comparedEmail(who.email)));
      else if ('objectId' in who) query = query.where('object_id', '=', quoted(who.objectId));
      else query = query.where('issuer', '=', quoted(who.issuer)).where('subject', '=', quoted(who.subject));
      const rows = await query.limit(2).execute();
      return rows.map((row) => ({
        tenant: unquoted(row.tenant),
        issuer: unquoted(row.issuer),
        clientId: unquoted(row.client_id),
        subject: unquoted(row.subject),
        claims: JSON.parse(row.claims) as JsonObject,
        atMs: row.at,
      }));
    },
    async forget(beforeMs) {
      await database.deleteFrom('people').where('at', '<', beforeMs).execute();
    },
  };
}
