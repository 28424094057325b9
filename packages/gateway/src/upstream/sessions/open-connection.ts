/** Opens a link to a server over its transport, in the newest revision that both sides know. */
import type { Era, JsonObject } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Log } from '@sallyport/guard';
import { createLegacyHttpTransport } from '../transports/http/legacy.ts';
import { createModernHttpTransport } from '../transports/http/modern.ts';
import type { Endpoint } from '../transports/http/endpoint.ts';
import { createStdioTransport } from '../transports/stdio/transport.ts';
import { transportErrorOf } from '../transports/failure.ts';
import type { Connection, ServerInitiated, Transport } from '../transports/transport.ts';
import { discover, initialize, type Handshake } from '../sessions/handshake.ts';

/** Which era a server turned out to speak; forgotten when it stops to. */
export type Eras = Map<string, Era>;

export interface Opening {
  readonly settings: ServerSettings;
  /** HTTP only: the sockets to use. */
  readonly endpoint: Endpoint | undefined;
  /** What `initialize` declares in the client's name. */
  readonly capabilities: JsonObject;
  readonly eras: Eras;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly unattached: ServerInitiated;
}

const HELLO_MAX_MS = 60_000;
const PROBE_MAX_MS = 5_000;

/** @throws GuardError `upstream_failed` or `upstream_timeout`; nothing is left open then. */
export async function openConnection(opening: Opening): Promise<Connection> {
  const { settings, eras } = opening;
  try {
    const link = await (settings.transport.kind === 'http' ? openHttp(opening) : openStdio(opening));
    eras.set(settings.name, link.era);
    return link;
  } catch (thrown) {
    // What was remembered may be what is wrong: the server is met once more without it.
    if (eras.delete(settings.name) && transportErrorOf(thrown)?.unexecuted !== true) return openConnection(opening);
    throw thrown;
  }
}

const helloMs = (settings: ServerSettings): number => Math.min(settings.timeoutMs, HELLO_MAX_MS);
const probeMs = (settings: ServerSettings): number => Math.min(settings.timeoutMs / 2, PROBE_MAX_MS);

async function openHttp(opening: Opening): Promise<Connection> {
  const { settings, capabilities, eras, log, unattached } = opening;
  const endpoint = opening.endpoint as Endpoint;
  if (eras.get(settings.name) !== 'legacy') {
    const wire = createModernHttpTransport(settings.name, endpoint, log);
    const hello = await discover(wire, capabilities, probeMs(settings));
    if (hello !== undefined) return { ...wire, ...hello, era: 'modern', transport: 'http' };
  }
  const wire = createLegacyHttpTransport({
    server: settings.name,
    endpoint,
    log,
    unattached,
    maxBytes: settings.resultBytesMax,
  });
  const hello = await greet(wire, opening);
  wire.agreed(hello.version);
  await wire.notify('notifications/initialized', {});
  return { ...wire, ...hello, era: 'legacy', transport: 'http' };
}

async function openStdio(opening: Opening): Promise<Connection> {
  const { settings, capabilities, eras, environment, log, unattached } = opening;
  let wire = createStdioTransport(settings, environment, log, unattached);
  if (eras.get(settings.name) !== 'legacy') {
    const hello = await discover(wire, capabilities, probeMs(settings)).catch(async (thrown: unknown) => {
      await wire.close();
      // A process that never started would not start the second time; one that ended at the question may be old.
      if (transportErrorOf(thrown)?.reason.startsWith('the process ended') !== true) throw thrown;
      wire = createStdioTransport(settings, environment, log, unattached);
      return undefined;
    });
    if (hello !== undefined) return { ...wire, ...hello, era: 'modern', transport: 'stdio' };
  }
  const hello = await greet(wire, opening);
  await wire.notify('notifications/initialized', {});
  return { ...wire, ...hello, era: 'legacy', transport: 'stdio' };
}

async function greet(wire: Transport, { settings, capabilities }: Opening): Promise<Handshake> {
  try {
    return await initialize(wire, capabilities, helloMs(settings));
  } catch (thrown) {
    await wire.close();
    throw thrown;
  }
}
