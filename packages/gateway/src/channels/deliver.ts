/**
 * Tells a channel of what happens to requests, in order. A channel that is down is tried again, and nothing waits for
 * it: requests are filed, decided and used without any channel.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApprovalEvent, ApprovalStore, Approvals, Clock, Log } from '@sallyport/guard';
import type { Channel, ChannelStore, Notice } from './channel.ts';

/** What delivering needs besides the channel. */
export interface DeliveryDeps {
  readonly store: ChannelStore;
  readonly events: Pick<ApprovalStore, 'events'>;
  readonly approvals: Pick<Approvals, 'show'>;
  readonly noticeOf: (event: ApprovalEvent, approval: Notice['approval']) => Notice;
  readonly clock: Clock;
  readonly log: Log;
  /** A text that no other process has. */
  readonly owner: string;
  /** Waits, and rejects when the signal is aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

const POLL_MS = 1_000;
/** Longer than one notice may take, so that a second process waits for the first. */
const LEASE_MS = 60_000;
const SEND_MS_MAX = 20_000;
/** With pauses of up to five minutes these are about half an hour. */
const ATTEMPTS_MAX = 12;
const PAUSE_MS_MAX = 5 * 60_000;

/** Of no use to people in a channel: a call that was approved has begun or ended. */
const NOT_SENT: ReadonlySet<string> = new Set(['executed']);

/** @returns a promise that resolves when the signal was aborted and nothing is under way any more. */
export async function deliver(channel: Channel, deps: DeliveryDeps, signal: AbortSignal): Promise<void> {
  const pause = deps.pause ?? ((ms: number) => sleep(ms, undefined, { signal, ref: false }));
  let failures = 0;
  while (!signal.aborted) {
    const verdict = await sendNext(channel, deps, failures, signal).catch((thrown: unknown) => thrown);
    if (verdict === 'sent') {
      if (failures > 0) deps.log('info', 'a channel of approvals works again', { channel: channel.name });
      failures = 0;
      continue;
    }
    if (verdict !== 'nothing' && !signal.aborted) {
      failures += 1;
      deps.log('warn', 'a channel of approvals could not be told', {
        channel: channel.name,
        attempt: failures,
        cause: verdict instanceof Error ? verdict.message : String(verdict),
      });
    }
    await pause(failures === 0 ? POLL_MS : Math.min(POLL_MS * 2 ** failures, PAUSE_MS_MAX), signal).catch(() => {});
  }
}

/** Tells of the events that are next, until one fails. @throws what the channel threw. */
async function sendNext(
  channel: Channel,
  deps: DeliveryDeps,
  failures: number,
  signal: AbortSignal,
): Promise<'sent' | 'nothing'> {
  const position = await deps.store.claim(channel.name, deps.owner, deps.clock.now(), LEASE_MS);
  if (position === undefined) return 'nothing';
  const [event] = await deps.events.events(position, 1);
  if (event === undefined) return 'nothing';
  try {
    await sendEvent(channel, deps, event, signal);
  } catch (thrown) {
    if (failures + 1 < ATTEMPTS_MAX) throw thrown;
    deps.log('error', 'a channel of approvals is not told of an event', {
      channel: channel.name,
      approval_id: event.id,
      event: event.kind,
    });
  }
  await deps.store.advance(channel.name, deps.owner, event.sequence);
  return 'sent';
}

async function sendEvent(
  channel: Channel,
  deps: DeliveryDeps,
  event: ApprovalEvent,
  signal: AbortSignal,
): Promise<void> {
  if (NOT_SENT.has(event.kind) || channel.tenants?.includes(event.tenant) === false) return;
  const approval = await deps.approvals.show(event.tenant, event.id).catch(() => undefined);
  if (approval === undefined) return;
  const address = await deps.store.addressOf(channel.name, event.id);
  // Nobody was asked yet, and there is nothing to ask any more.
  if (address === undefined && approval.status !== 'pending' && event.kind !== 'decided') return;
  const timed = AbortSignal.any([signal, AbortSignal.timeout(SEND_MS_MAX)]);
  const kept = await channel.send(deps.noticeOf(event, approval), address, timed);
  if (kept !== undefined && kept !== address) await deps.store.keepAddress(channel.name, event.id, kept);
}
