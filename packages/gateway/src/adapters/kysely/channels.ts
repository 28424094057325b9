/** How far each channel has told of requests, in a database that several processes share. */
import type { Kysely } from 'kysely';
import type { ChannelStore } from '../../channels/channel.ts';
import { quoted, unquoted, type Tables } from './tables.ts';

/** The positions of all channels. */
export function createChannelStore(database: Kysely<Tables>): ChannelStore {
  return {
    claim: (channel, owner, nowMs, leaseMs) => claim(database, channel, owner, nowMs, leaseMs),
    async advance(channel, owner, sequence) {
      const { numUpdatedRows } = await database
        .updateTable('channels')
        .set({ sequence })
        .where('name', '=', quoted(channel))
        .where('owner', '=', owner)
        .where('sequence', '<', sequence)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async addressOf(channel, approvalId) {
      const row = await database
        .selectFrom('channel_notices')
        .select('address')
        .where('channel', '=', quoted(channel))
        .where('approval_id', '=', quoted(approvalId))
        .executeTakeFirst();
      return row && unquoted(row.address);
    },
    async keepAddress(channel, approvalId, address) {
      await database
        .insertInto('channel_notices')
        .values({ channel: quoted(channel), approval_id: quoted(approvalId), address: quoted(address) })
        .onConflict((conflict) =>
          conflict.columns(['channel', 'approval_id']).doUpdateSet({ address: quoted(address) }),
        )
        .execute();
    },
  };
}

async function claim(
  database: Kysely<Tables>,
  channel: string,
  owner: string,
  nowMs: number,
  leaseMs: number,
): Promise<number | undefined> {
  const name = quoted(channel);
  const take = () =>
    database
      .updateTable('channels')
      .set({ owner, lease_until: nowMs + leaseMs })
      .where('name', '=', name)
      .where((where) => where.or([where('owner', '=', owner), where('lease_until', '<', nowMs)]))
      .returning('sequence')
      .executeTakeFirst();
  const taken = await take();
  if (taken !== undefined) return taken.sequence;
  await database
    .insertInto('channels')
    .columns(['name', 'owner', 'lease_until', 'sequence'])
    .expression((from) =>
      from
        .selectFrom('sequences')
        .select(({ val }) => [val(name).as('name'), val('').as('owner'), val(0).as('lease_until'), 'value'])
        .where('sequences.name', '=', 'approvals'),
    )
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  return (await take())?.sequence;
}
