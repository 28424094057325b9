/**
 * Tells a channel of what happens to requests, in order. A channel that is down is tried again, and nothing waits for
 * it: requests are filed, decided and used without any channel.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GuardError,
  type ApprovalEvent,
  type ApprovalStore,
  type Approvals,
  type Clock,
  type Log,
} from '@sallyport/guard';
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

/** What became of the next event. A failure is the channel's; that of the store is thrown. */
type Step = 'sent' | 'nothing' | { readonly failure: unknown };

/** @returns a promise that resolves when the signal was aborted and nothing is under way any more. */
export async function deliver(channel: Channel, deps: DeliveryDeps, signal: AbortSignal): Promise<void> {
  const wait = deps.pause ?? ((ms: number) => sleep(ms, undefined, { signal, ref: false }));
  const pause = (ms: number): Promise<unknown> => wait(ms, signal).catch(() => {});
  let failures = 0;
  let isStoreLost = false;
  while (!signal.aborted) {
    let step: Step;
    try {
      step = await sendNext(channel, deps, failures, signal);
      isStoreLost = false;
    } catch (thrown) {
      // No fault of the channel: no attempt is used up, and it goes on as soon as the store does.
      if (!isStoreLost && !signal.aborted) warn(deps, channel, 'requests for approval cannot be read', { thrown });
      isStoreLost = true;
      await pause(POLL_MS);
      continue;
    }
    if (step === 'sent') {
      if (failures > 0) deps.log('info', 'a channel of approvals works again', { channel: channel.name });
      failures = 0;
      continue;
    }
    if (step !== 'nothing' && !signal.aborted) {
      failures += 1;
      warn(deps, channel, 'a channel of approvals could not be told', { attempt: failures, thrown: step.failure });
    }
    await pause(failures === 0 ? POLL_MS : Math.min(POLL_MS * 2 ** failures, PAUSE_MS_MAX));
  }
}

function warn(
  { log }: DeliveryDeps,
  { name: channel }: Channel,
  message: string,
  { thrown, ...fields }: { readonly thrown: unknown; readonly attempt?: number },
): void {
  log('warn', message, { channel, ...fields, cause: thrown instanceof Error ? thrown.message : String(thrown) });
}

/** Tells of the event that is next. @throws what the store threw. */
async function sendNext(channel: Channel, deps: DeliveryDeps, failures: number, signal: AbortSignal): Promise<Step> {
  const position = await deps.store.claim(channel.name, deps.owner, deps.clock.now(), LEASE_MS);
  if (position === undefined) return 'nothing';
  const [event] = await deps.events.events(position, 1);
  if (event === undefined) return 'nothing';
  const notice = await noticeFor(channel, deps, event);
  if (notice !== undefined) {
    try {
      const kept = await sendWithin(channel, notice, signal);
      if (kept !== undefined && kept !== notice.address) await deps.store.keepAddress(channel.name, event.id, kept);
    } catch (failure) {
      if (failures + 1 < ATTEMPTS_MAX || signal.aborted) return { failure };
      deps.log('error', 'a channel of approvals is not told of an event', {
        channel: channel.name,
        approval_id: event.id,
        event: event.kind,
      });
    }
  }
  await deps.store.advance(channel.name, deps.owner, event.sequence);
  return 'sent';
}

/** @returns `undefined` for what this channel is not told of. */
async function noticeFor(channel: Channel, deps: DeliveryDeps, event: ApprovalEvent): Promise<Addressed | undefined> {
  if (NOT_SENT.has(event.kind) || channel.tenants?.includes(event.tenant) === false) return undefined;
  const approval = await deps.approvals.show(event.tenant, event.id).catch((thrown: unknown) => {
    // Only what is not there any more is left out: a store that is down now has it later.
    if (thrown instanceof GuardError && thrown.code === 'not_found') return undefined;
    throw thrown;
  });
  if (approval === undefined) return undefined;
  const address = await deps.store.addressOf(channel.name, event.id);
  // Nobody was asked yet, and there is nothing to ask any more.
  if (address === undefined && approval.status !== 'pending' && event.kind !== 'decided') return undefined;
  return { notice: deps.noticeOf(event, approval), address };
}

interface Addressed {
  readonly notice: Notice;
  readonly address: string | undefined;
}

/** What answers without end ends here: neither the channel nor the end of the process waits for it. */
async function sendWithin(
  channel: Channel,
  { notice, address }: Addressed,
  stop: AbortSignal,
): Promise<string | undefined> {
  const [timeout, sent] = [new AbortController(), new AbortController()];
  const timer = setTimeout(() => timeout.abort(new Error(`no end within ${SEND_MS_MAX} ms`)), SEND_MS_MAX);
  const signal = AbortSignal.any([stop, timeout.signal]);
  const ended = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: sent.signal });
  });
  try {
    return await Promise.race([channel.send(notice, address, signal), ended]);
  } finally {
    clearTimeout(timer);
    sent.abort();
  }
}
