/**
 * `sallyport stdio`: the same guard in front of one client on standard input and output. Its audit log is its own and
 * lies beside the log of the gateway.
 */
import type { Call, Guard } from '@sallyport/guard';
import { systemClock } from '@sallyport/guard/memory';
import { aborted, atMost } from './aborted.ts';
import { openFreeLog } from '@sallyport/server/segments/log';
import { createDiscovery } from './discovery.ts';
import { createStdioEdge } from '@sallyport/server/edge/stdio/stdio';
import { createGuardedUpstreams, edgeDepsOf, openResources, UPSTREAMS_CLOSE_MS } from './gateway.ts';
import { recordSettings } from './gateway-records.ts';
import { reloadPoliciesOnChange } from './reload.ts';
import type { GuardedUpstreams } from './resources.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Serves standard input and output until the input ends.
 *
 * @param server one server under its own names; `undefined` for all, with names as `server__tool`.
 * @param token access token or API key of the user.
 * @param stop aborted when the process is to end: calls under way may then finish.
 * @throws Error with a sentence for the operator.
 */
export async function runStdioGateway(
  snapshot: Snapshot,
  server: string | undefined,
  token: string,
  stop: AbortSignal,
): Promise<void> {
  const resources = await openResources(
    snapshot,
    systemClock,
    (deps) => openFreeLog(deps, 'stdio'),
    () => 1,
  );
  const { clock, log, settings, audit, store } = resources;
  const guarded = createGuardedUpstreams(resources);
  await recordSettings('gateway.start', settings.current(), audit, clock, log);
  await guarded.upstreams.loadPins();
  const discovery = createDiscovery(guarded.upstreams);
  const attempts = Promise.race([discovery.run(), aborted(stop)]);
  const stopReloadingPolicies = reloadPoliciesOnChange(settings, clock, log);
  const edge = createStdioEdge({
    ...edgeDepsOf(resources, { ...guarded, guard: afterAttempts(guarded, attempts) }),
    input: process.stdin,
    output: process.stdout,
    credentials: { kind: 'bearer', token },
    server,
  });
  void aborted(stop).then(() => edge.stop(settings.current().snapshot.shutdown.graceMs));
  await edge.ended;
  stopReloadingPolicies();
  discovery.stop();
  await atMost(UPSTREAMS_CLOSE_MS, guarded.upstreams.close());
  await resources.strangers.close();
  await audit.close();
  resources.logShares.close();
  resources.approvals.stop();
  store.close();
  await resources.database.close();
}

/** Nothing of a server is in their answers. */
const WITHOUT_SERVERS: ReadonlySet<string> = new Set(['ping', 'logging/setLevel']);

/**
 * The input is read at once; what needs the servers waits until each was tried for the first time. A client that asked
 * earlier would be shown nothing, and might not ask again.
 */
const afterAttempts = ({ guard, upstreams }: GuardedUpstreams, attempts: Promise<unknown>): Guard => ({
  ...guard,
  async run(call, execute) {
    const isKnown = (server: string): boolean => upstreams.definitionsOf(server).length > 0;
    const isReady =
      WITHOUT_SERVERS.has(call.method) || (call.method === 'initialize' && serversOf(call).every(isKnown));
    if (!isReady) await Promise.race([attempts, aborted(call.signal)]);
    return guard.run(call, execute);
  },
});

const serversOf = ({ target }: Call): readonly string[] => (target.kind === 'servers' ? target.servers : []);
