/** Which servers of a configuration cannot be reached, for `sallyport check`. */
import { isObject } from '@sallyport/guard';
import { fetchBounded } from './cli/fetch-bounded.ts';
import { childEnvironment, processEnvironment } from './config.ts';
import { listenerOrigin } from '@sallyport/server/listen/listener-origin';
import type { Snapshot } from './snapshot.ts';
import { reachServer } from './upstream/reach-server.ts';

/** By server: why it cannot be reached. Servers that can be are not in it. */
export type ServerFailures = Readonly<Record<string, string>>;

/** Checks of `/ready` that are about servers. */
const PREFIX = 'servers.';
/** What `/ready` says of a server that it reached. */
const REACHED = 'ok';

/** Starts or connects to every server, all at once. */
export async function reachServers({ servers }: Snapshot): Promise<ServerFailures> {
  const environment = childEnvironment(processEnvironment());
  const found = await Promise.all(
    servers.map(async (server) => [server.name, await reachServer(server, environment, () => undefined)] as const),
  );
  return Object.fromEntries(found.flatMap(([name, reason]) => (reason === undefined ? [] : [[name, reason]])));
}

/** What the gateway that runs with this configuration says of its servers. Empty when none answers. */
export async function failuresOfRunningGateway({ admin, servers }: Snapshot): Promise<ServerFailures> {
  try {
    const { body } = await fetchBounded(`${listenerOrigin(admin.listen)}/ready`);
    const ready: unknown = JSON.parse(body.toString());
    const checks = isObject(ready) && isObject(ready['checks']) ? ready['checks'] : {};
    const failures = servers.flatMap(({ name }): [string, string][] => {
      const said = checks[`${PREFIX}${name}`];
      return typeof said === 'string' && said !== REACHED ? [[name, said]] : [];
    });
    return Object.fromEntries(failures);
  } catch {
    return {};
  }
}
