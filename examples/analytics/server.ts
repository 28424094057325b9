/** Analytics over PostgreSQL: `DATABASE_USER=analytics node examples/analytics/server.ts` speaks stdio. */
import { secureServer, tool, type SecureServer } from '@sallyport/server';
import { openPostgres, sql, type PostgresConnection } from '@sallyport/server/sql';
import { z } from 'zod';

const day = z.iso.date().describe('A day, such as 2026-03-31');
const region = z.string().max(40).describe('Name of a region, as list_regions shows it');

export async function analyticsServer(connection: PostgresConnection): Promise<SecureServer> {
  const database = await openPostgres({
    connection,
    tenancy: { by: 'row-level-security', setting: 'app.tenant', shared: ['public.currencies'] },
    timeoutMs: 5_000,
    rowsMax: 200,
  });

  const sumSales = tool({
    name: 'sum_sales',
    description: 'Sums the orders of each region, from one day up to and including another.',
    input: z.object({ from: day, to: day, order: z.enum(['region', 'total']).default('region') }),
    effect: 'read',
    permission: 'sales:read',
    labels: ['private'],
    run: async (call) => {
      const { from, to, order } = call.input;
      const { rows, note } = await database.read(
        call,
        sql`select region, count(*)::int as orders, sum(total)::float8 as total from orders
            where placed_on between ${from} and ${to}
            group by region
            order by ${sql.choose(order, { region: sql`region`, total: sql`sum(total) desc` })}`,
      );
      return { regions: rows, ...(note !== undefined && { note }) };
    },
  });

  const findOrders = tool({
    name: 'find_orders',
    description: 'Finds orders of a region, the newest first. A long list is cut, with a note.',
    input: z.object({ region, since: day.optional() }),
    effect: 'read',
    permission: 'sales:read',
    labels: ['private'],
    run: async (call) => {
      const since = call.input.since === undefined ? sql`true` : sql`placed_on >= ${call.input.since}`;
      const { rows, note } = await database.read(
        call,
        sql`select id, placed_on, total::float8 from orders
            where region = ${call.input.region} and ${since} order by placed_on desc`,
      );
      return { orders: rows, ...(note !== undefined && { note }) };
    },
  });

  return secureServer({
    name: 'analytics',
    tools: [sumSales, findOrders],
    tenants: ['acme', 'globex'],
    roles: { analyst: ['sales:read'] },
  });
}

if (import.meta.main) {
  const { DATABASE_HOST: host = '/run/postgresql', DATABASE_USER: user = 'analytics' } = process.env;
  await (await analyticsServer({ host, user, database: 'shop' })).listen();
}
