/** A server over Streamable HTTP, for clients of both eras. */
import { randomBytes } from 'node:crypto';
import { createMemorySessions, systemClock } from '@sallyport/guard/memory';
import { checkContentDigest, createCredentialReader } from '@sallyport/guard/stages';
import { createHttpEdge } from '../edge/http/edge.ts';
import type { GatewaySettings } from '../edge/settings.ts';
import { streamsMax } from '../listen/descriptor-reserve.ts';
import { openListener } from '../listen/listener.ts';
import type { ListenPlan } from '../listen-options.ts';
import type { RunningServer } from '../secure-server.ts';
import { edgeDepsOf, recordStart, type ServedServer } from './served-server.ts';

const GRACE_MS = 10_000;

/**
 * @param developmentKey of a server on loopback that lets nobody else in; shown once.
 * @throws Error with a sentence for the author when the address or the audit log cannot be opened.
 */
export async function serveHttp(
  served: ServedServer,
  plan: ListenPlan,
  developmentKey: string | undefined,
): Promise<RunningServer> {
  served.records.open(false);
  await recordStart(served, plan.weakenings);
  const gateway: GatewaySettings = { ...plan.gateway };
  const deps = edgeDepsOf(served, gateway);
  const edge = createHttpEdge({
    ...deps,
    sessions: createMemorySessions(systemClock),
    sealer: served.sealer,
    readCredentials: createCredentialReader({
      clock: systemClock,
      nonceSecret: randomBytes(32),
      needsNonce: () => false,
    }),
    checkContentDigest,
    addressLimited: () => undefined,
    streamsMax: streamsMax(),
  });
  const listener = await openListener({
    name: served.name,
    settings: gateway.listen,
    log: served.log,
    handler: (request, response) => edge.handle(request, response),
  });
  const url = `${listener.url}/mcp`;
  served.log('info', 'listening', { server: served.name, url });
  if (developmentKey !== undefined) showKey(url, developmentKey);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let closing: Promise<void> | undefined;
  return {
    url,
    ended,
    close(graceMs = GRACE_MS) {
      closing ??= edge
        .close(graceMs)
        .then(() => listener.close())
        .then(() => served.close())
        .then(() => served.records.close())
        .then(resolve);
      return closing;
    },
  };
}

/** Once, and not through the log, which may be kept. */
const showKey = (url: string, key: string): void =>
  void process.stderr.write(
    `No auth was configured, so only this key is let in, until the process ends:\n\n` +
      `  ${url}\n  Authorization: Bearer ${key}\n\n`,
  );
