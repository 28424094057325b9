/**
 * Asks one server for its definitions, for `sallyport add`: through the guard and into the store like a gateway, so
 * that what is shown and approved is what a gateway will compare with.
 */
import type { PendingPin, Pin, PinStore, WithheldDefinition } from '@sallyport/guard';
import { systemClock } from '@sallyport/guard/memory';
import { openFreeLog } from '@sallyport/server/segments/log';
import { closeResources, createGuardedUpstreams, openResources } from './gateway.ts';
import type { Snapshot } from './snapshot.ts';
import { withKeysAndPins } from './stores.ts';

/** What a server offers. */
export interface ProbedServer {
  /** Why it could not be reached, with what a program wrote before it ended. */
  readonly failure: string | undefined;
  readonly approved: readonly Pin[];
  readonly waiting: readonly PendingPin[];
  readonly withheld: readonly WithheldDefinition[];
}

/** Nothing is approved by it, whatever the configuration says. @throws Error with a sentence for the operator. */
export async function probeServer(snapshot: Snapshot, server: string): Promise<ProbedServer> {
  const settings = snapshot.servers.filter(({ name }) => name === server);
  const resources = await openResources(
    { ...snapshot, servers: settings.map((each) => ({ ...each, pin: 'approval' })), log: { level: 'error' } },
    systemClock,
    (deps) => openFreeLog(deps, 'add'),
    () => 0,
  );
  const guarded = createGuardedUpstreams(resources);
  try {
    await guarded.upstreams.loadPins();
    await guarded.upstreams.discover([server]);
    const failure = guarded.upstreams.ready()[server];
    return { failure, ...(await definitionsOf(resources.store.pins, server)) };
  } finally {
    await closeResources(resources, guarded);
  }
}

async function definitionsOf(pins: PinStore, server: string): Promise<Omit<ProbedServer, 'failure'>> {
  const ofServer = (one: { readonly server: string }): boolean => one.server === server;
  return {
    approved: (await pins.pins()).filter(ofServer),
    waiting: (await pins.pending()).filter(ofServer),
    withheld: (await pins.withheld()).filter(ofServer),
  };
}

/** Approves definitions that wait. @param by who says yes. */
export async function approveWaiting(snapshot: Snapshot, waiting: readonly PendingPin[], by: string): Promise<void> {
  const approval = { approvedAtMs: Date.now(), approvedBy: by };
  await withKeysAndPins(snapshot, async ({ pins }) =>
    pins.apply(
      waiting.map(({ seenAtMs: _seen, rejected: _rejected, ...definition }) => ({
        kind: 'approve',
        pin: { ...definition, ...approval },
      })),
    ),
  );
}
