/** Whether a server can be reached: it is started or connected to, greeted, and left again. */
import { GuardError, type Log } from '@sallyport/guard';
import type { ServerSettings } from '../snapshot.ts';
import { gatewayCapabilities } from './client-requests/capabilities.ts';
import { readinessReasonOf } from './transports/failure.ts';
import { TRANSPORTS } from './transports/transports.ts';

/**
 * Never rejects.
 *
 * @param environment what a child process gets besides its settings.
 * @returns why the server cannot be reached, with what a child wrote to standard error; `undefined` when it can.
 */
export async function reachServer(
  settings: ServerSettings,
  environment: Readonly<Record<string, string>>,
  log: Log,
): Promise<string | undefined> {
  const endpoint = TRANSPORTS[settings.transport.kind].openEndpoint(settings, environment);
  try {
    const connection = await endpoint.connect({
      settings,
      log,
      capabilities: gatewayCapabilities(settings.clientRequests),
      ownCapabilities: gatewayCapabilities(settings.clientRequests),
      era: undefined,
      closing: new AbortController().signal,
      serverInitiated: {
        notification: () => undefined,
        request: () => Promise.reject(new GuardError('method_not_found')),
      },
    });
    await connection.close();
    return undefined;
  } catch (thrown) {
    return readinessReasonOf(thrown);
  } finally {
    await endpoint.close();
  }
}
