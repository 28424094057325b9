import type { SecureServer } from './secure-server.ts';
import type { ServedServer } from './serve/served-server.ts';

const kept = new WeakMap<SecureServer, ServedServer>();

/** Keeps what a server is made of, for the test helpers. */
export const keepServed = (server: SecureServer, served: ServedServer): void => void kept.set(server, served);

/** @throws TypeError for an object that `secureServer` has not made. */
export function servedOf(server: SecureServer): ServedServer {
  const served = kept.get(server);
  if (served === undefined) throw new TypeError('it was not made by secureServer');
  return served;
}
