/** `GET /api/v1/events`: what changes, as it changes, so that a page that is open shows it. */
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import { eventsRoute, type ServerEvent } from '../api/route.ts';
import { maySee, STATUSES, statusOf } from '../approvals/view.ts';
import type { ApiDeps } from '../deps.ts';

type Deps = Pick<ApiDeps, 'activity' | 'approvals' | 'clock' | 'news'>;
type Send = (event: ServerEvent) => void;

/** Figures are sent so often, if they changed. */
const LOOK_MS = 1_000;

/** For everybody who is signed in; each is sent what they may read. */
export const getEvents = eventsRoute({
  path: '/api/v1/events',
  access: 'person',
  summary: 'What changes, as it changes.',
  description: 'Nothing is repeated: who was not connected reads the resources again.',
  events: {
    overview: z.object({
      calls: z.int().describe('Of the tenant, since the gateway was started.'),
      refused: z.int().describe('In the window of the overview.'),
      approvals_pending: z.int(),
    }),
    approval: z.object({ id: z.string(), status: z.enum(STATUSES), version: z.int() }),
    server: z.object({ name: z.string(), status: z.string() }),
    changed: z.object({ kind: z.string().describe('`settings`, `policies`, `definition`, `key` and the like.') }),
  },
  subscribe(caller, deps: Deps, send) {
    const stopApprovals = sendApprovals(caller, deps, send);
    const stopNews = caller.roles.has('viewer') ? sendNews(caller, deps, send) : () => undefined;
    return () => {
      stopApprovals();
      stopNews();
    };
  },
});

/** What somebody may not see is not even counted (U14). */
const sendApprovals = (caller: ApiCaller, { approvals, clock }: Deps, send: Send): (() => void) =>
  approvals.subscribe(({ tenant, id }) => {
    if (tenant !== caller.tenant.id) return;
    approvals.show(tenant, id).then(
      (filed) => {
        if (!maySee(caller, filed)) return;
        send({ event: 'approval', data: { id, status: statusOf(filed, clock.now()), version: filed.version } });
      },
      // It was forgotten meanwhile, or cannot be read: the page reads the list again by itself.
      () => undefined,
    );
  });

/** @returns what ends it. */
function sendNews({ tenant }: ApiCaller, { activity, approvals, news }: Deps, send: Send): () => void {
  const stopListening = news.listen(tenant.id, (one) => {
    if (one.kind === 'server') send({ event: 'server', data: { name: one.name, status: one.status } });
    else send({ event: 'changed', data: { kind: one.what } });
  });
  let sent = activity.count(tenant.id);
  const look = async (): Promise<void> => {
    const calls = activity.count(tenant.id);
    if (calls === sent) return;
    sent = calls;
    const refused = activity.figures(tenant.id, 'minutes').refused.reduce((sum, step) => sum + step, 0);
    const pending = await approvals.count({ tenant: tenant.id, status: 'pending' });
    send({ event: 'overview', data: { calls, refused, approvals_pending: pending } });
  };
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopListening();
  };
}
