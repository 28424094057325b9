/** What several servers answer, together. */
import type { Log } from '@sallyport/guard';
import { reasonOf } from '../transports/failure.ts';
import type { ServerCall } from './server-call.ts';

/**
 * Asks all servers at the same time and joins what they answer, in the order of the calls. Of several servers, one that
 * fails is logged and left out. @throws GuardError what the only server failed with.
 */
export async function fromEachServer<R>(
  log: Log,
  calls: readonly ServerCall[],
  read: (call: ServerCall) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const [only] = calls;
  if (only !== undefined && calls.length === 1) return read(only);
  const lists = await Promise.all(
    calls.map((call) =>
      read(call).catch((thrown: unknown) => {
        log('warn', 'a server is left out of a list', { server: call.settings.name, why: reasonOf(thrown) });
        return [];
      }),
    ),
  );
  return lists.flat();
}
