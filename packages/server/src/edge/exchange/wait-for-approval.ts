/**
 * A call that a person must approve, while its caller waits: it goes on by itself when it was decided. It is then
 * judged from the beginning, as if it had just arrived, so that whatever changed meanwhile counts. A waiting call
 * survives neither its client nor this process; the request for approval survives both.
 */
import { shareHolderOf, type Call, type ClientChannel, type Outcome } from '@sallyport/guard';
import { interruptionOf } from '../calls-under-way.ts';
import type { EdgeDeps } from '../deps.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';
import { RECHECK_MS, refusalOf } from '../subscriptions/reauthorize.ts';
import type { ClientConnection } from './connection.ts';
import type { InboundMessage } from './inbound-message.ts';

/** Clients and proxies that hear nothing for longer give up. */
const PROGRESS_MS = 10_000;
/** Without progress, clients commonly give up after a minute. */
export const SILENT_WAIT_MS_MAX = 25_000;

/** How one call may wait. */
interface Wait {
  readonly tenant: string;
  readonly id: string;
  readonly limitMs: number;
  readonly channel: ClientChannel;
  readonly connection: ClientConnection;
  /** Whether the call would be another one now: under another definition, or other policies. */
  readonly hasChanged: () => boolean;
}

/**
 * @param waits whether the caller has said that it waits: a modern one does so by sending the call again.
 * @param run judges the call from the beginning, and sends it when it is approved.
 */
export async function runUntilDecided(
  deps: EdgeDeps,
  inbound: InboundMessage,
  call: Call,
  { connection, channel, waits }: Pick<Wait, 'connection' | 'channel'> & { readonly waits: boolean },
  run: (call: Call) => Promise<Outcome>,
): Promise<Outcome> {
  const revision = deps.approvals.revision();
  const outcome = await run(call);
  const limitMs = waits ? waitLimitMs(deps, inbound, channel, connection) : 0;
  const id = waitingId(outcome);
  const { principal, tenant, definition } = outcome;
  if (id === undefined || limitMs === 0 || principal === undefined || tenant === undefined) return outcome;
  const release = deps.approvals.hold(shareHolderOf({ principal, tenant }));
  if (release === undefined) return outcome;
  const hasChanged = (): boolean =>
    deps.definitionOf(call.target)?.digest !== definition?.digest || deps.approvals.revision() !== revision;
  try {
    const end = await waitForEnd(deps, call, { tenant: tenant.id, id, limitMs, channel, connection, hasChanged });
    if (end === 'answer') return outcome;
    return await run({ ...call, deadlineMs: deps.steadyClock.now() + inbound.snapshot.gateway.requestTimeoutMs });
  } finally {
    release();
  }
}

/** The request for approval that a call waits for. */
export function waitingId(outcome: Outcome): string | undefined {
  if (outcome.status === 'success' || outcome.error.code !== 'approval_required') return undefined;
  const id = outcome.error.detail.data?.['approval_id'];
  return typeof id === 'string' ? id : undefined;
}

/** Legacy clients wait when they can be told that it goes on; modern ones for a while in any case. */
function waitLimitMs(
  { approvals }: EdgeDeps,
  { sender }: InboundMessage,
  { progressToken }: ClientChannel,
  { canStream }: ClientConnection,
): number {
  if (canStream && progressToken !== undefined) return approvals.waitMs();
  return sender.era === 'modern' ? Math.min(approvals.waitMs(), SILENT_WAIT_MS_MAX) : 0;
}

/** @returns whether the call is to be judged again, or the caller told that it has to wait for longer. */
function waitForEnd(deps: EdgeDeps, call: Call, wait: Wait): Promise<'judge' | 'answer'> {
  const { connection, limitMs, hasChanged } = wait;
  const ended = new AbortController();
  const left = AbortSignal.any([call.signal, connection.closed, connection.closing]);
  return new Promise((resolve) => {
    const end = (how: 'judge' | 'answer'): void => {
      ended.abort();
      clearTimeout(limit);
      clearInterval(recheck);
      stopProgress();
      left.removeEventListener('abort', leave);
      resolve(how);
    };
    // Only a call whose right has ended is cut off with an error: the guard says which.
    const leave = (): void => end(interruptionOf(call.signal) === undefined ? 'answer' : 'judge');
    const limit = setTimeout(end, limitMs, 'answer');
    const recheck = setInterval(() => {
      if (hasChanged()) end('judge');
      else void refusalOf(deps, call).then((refusal) => refusal && end('judge'));
    }, RECHECK_MS);
    const stopProgress = reportWaiting(deps, wait);
    left.addEventListener('abort', leave, { once: true });
    void deps.approvals.decided(wait.tenant, wait.id, ended.signal).then(() => end('judge'));
    if (left.aborted) leave();
  });
}

/** @returns a function that ends it. */
function reportWaiting({ approvals }: EdgeDeps, { channel, id }: Wait): () => void {
  let reports = 0;
  const report = (): void => {
    reports += 1;
    // Progress only grows: it stays below anything that the server may report afterwards.
    const progress = reports / 1_000_000;
    channel.notify(NOTIFICATION.progress, { progress, message: `Waiting for approval: ${approvals.pageOf(id)}` });
  };
  report();
  const timer = setInterval(report, PROGRESS_MS);
  return () => clearInterval(timer);
}
