/** `GET /api/v1/overview`: what happens now, in the caller's tenant, and how the gateway is. */
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { healthOf, healthSchema } from '../servers/view.ts';
import type { CallFigures } from './call-series.ts';

const figures = z.array(z.number());
const durations = z.array(z.number().nullable()).describe('`null` for a step without a call.');
const time = z.iso.datetime();

/** The overview. */
export const overviewSchema = z
  .object({
    window_seconds: z.int(),
    step_seconds: z.int(),
    series: z.object({
      time: figures.describe('When each step began, in seconds since 1970; oldest first.'),
      calls: figures.describe('Calls that ended in each step.'),
      refused: figures,
      p50_ms: durations,
      p95_ms: durations,
      p99_ms: durations,
    }),
    refusals: z
      .array(z.object({ error_code: z.string(), count: z.int() }))
      .describe('Calls that did not succeed, by reason, in the window.'),
    approvals_pending: z.int(),
    servers: z.array(healthSchema),
    issuers: z.array(
      z.object({ issuer: z.string(), status: z.enum(['ready', 'failed']), error: z.string().optional() }),
    ),
    weakenings: z.array(z.string()),
    changes: z.array(z.object({ time, kind: z.string(), text: z.string(), by: z.string().optional() })),
    version: z.string(),
    started_at: time,
  })
  .meta({ id: 'Overview' });

type Deps = Pick<ApiDeps, 'activity' | 'approvals' | 'changes' | 'installation' | 'issuers' | 'servers'>;

/** Figures are of the caller's tenant; health, weakenings and versions are of the installation. */
export const getOverview = route({
  method: 'GET',
  path: '/api/v1/overview',
  access: 'viewer',
  summary: 'What happens now, and how the gateway is.',
  query: z.strictObject({
    window: z
      .enum(['minutes', 'hours'])
      .default('minutes')
      .describe('Two minutes in seconds, or two hours in minutes.'),
  }),
  response: overviewSchema,
  async handle({ query, caller }, deps: Deps) {
    const { stepSeconds, startsMs, ...series } = deps.activity.figures(caller.tenant.id, query.window);
    const { weakenings, version, startedAtMs } = deps.installation();
    return {
      value: {
        window_seconds: stepSeconds * startsMs.length,
        step_seconds: stepSeconds,
        series: seriesOf(startsMs, series),
        refusals: series.errorCodes.map(({ errorCode, count }) => ({ error_code: errorCode, count })),
        approvals_pending: await pendingApprovals(deps, caller),
        servers: deps.servers.settings().map(({ name }) => healthOf(name, deps)),
        issuers: await issuersOf(deps),
        weakenings: [...weakenings],
        changes: deps.changes.list(caller.tenant.id).map(({ timeMs, kind, text, by }) => ({
          time: new Date(timeMs).toISOString(),
          kind,
          text,
          ...(by !== undefined && { by }),
        })),
        version,
        started_at: new Date(startedAtMs).toISOString(),
      },
    };
  },
});

const seriesOf = (startsMs: readonly number[], series: Omit<CallFigures, 'startsMs' | 'stepSeconds'>) => ({
  time: startsMs.map((startMs) => startMs / 1_000),
  calls: [...series.calls],
  refused: [...series.refused],
  p50_ms: [...series.p50Ms],
  p95_ms: [...series.p95Ms],
  p99_ms: [...series.p99Ms],
});

const pendingApprovals = ({ approvals }: Deps, { tenant }: ApiCaller): Promise<number> =>
  approvals.count({ tenant: tenant.id, status: 'pending' });

async function issuersOf({ issuers }: Deps): Promise<{ issuer: string; status: 'ready' | 'failed'; error?: string }[]> {
  const states = await issuers.states();
  return Object.entries(states).map(([issuer, error]) =>
    error === undefined ? { issuer, status: 'ready' } : { issuer, status: 'failed', error },
  );
}
