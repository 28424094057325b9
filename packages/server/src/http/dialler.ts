/**
 * Connects to hosts that somebody else named. A name is resolved once, every address of it is judged, and the socket
 * connects to a judged one: a second answer of the resolver changes nothing.
 */
import { lookup as lookupName, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import { addressKind } from './addresses.ts';

/**
 * Thrown for an address that must not be connected to. Nothing was sent.
 *
 * @example
 * ```ts
 * const wasRefused = (thrown: unknown): boolean => thrown instanceof AddressError;
 * ```
 */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/**
 * How hosts are judged.
 *
 * @example
 * ```ts
 * const rules: DialRules = { isInternal: (host) => host === 'crm.internal', timeoutMs: 5_000 };
 * ```
 */
export interface DialRules {
  /**
   * Whether the operator named this host, in lower case and without brackets. It may be this machine or in a private
   * network; a metadata service it must not be. No host when absent.
   */
  readonly isInternal?: (host: string) => boolean;
  /** Milliseconds for the name, the connection and TLS together. */
  readonly timeoutMs: number;
  /** Certificates that are trusted instead of the usual ones, as PEM. */
  readonly ca?: string;
}

type LookupCallback = (error: Error | null, addresses: LookupAddress[]) => void;

const REFUSED_NAME = 'the name resolves to a private address';
const REFUSED_ADDRESS = 'the address is private';

/**
 * Resolves a name like `dns.lookup` with `all`, and fails when any of its addresses must not be connected to.
 *
 * @example
 * ```ts
 * const agent = new Agent({ connect: { lookup: judgedLookup(false) as never } });
 * ```
 */
export const judgedLookup =
  (isInternal: boolean) =>
  (host: string, options: LookupOptions, done: LookupCallback): void =>
    void lookupName(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) done(error, []);
      else if (addresses.length === 0) done(new AddressError('the name has no address'), []);
      else if (addresses.every(({ address }) => mayConnect(address, isInternal))) done(null, addresses);
      else done(new AddressError(REFUSED_NAME), []);
    });

function mayConnect(address: string, isInternal: boolean): boolean {
  const kind = addressKind(address);
  return kind === 'public' || (kind === 'private' && isInternal);
}

/**
 * Throws for a host that is written as an IP address and must not be connected to; a name is judged when it is
 * resolved.
 *
 * @param hostname of a parsed URL: whatever its spelling was, it is in the form that is connected to.
 * @throws AddressError
 * @example
 * ```ts
 * refuseAddress(new URL('https://0x7f.1/').hostname, false); // throws: that is 127.0.0.1
 * ```
 */
export function refuseAddress(hostname: string, isInternal: boolean): void {
  const host = hostOf(hostname);
  if (isIP(host) !== 0 && !mayConnect(host, isInternal)) throw new AddressError(REFUSED_ADDRESS);
}

const hostOf = (hostname: string): string => hostname.replace(/^\[|\]$/g, '').toLowerCase();

/**
 * The connector of undici's `Agent`, `Pool` and `Client` with these rules. The environment's proxy variables play no
 * part.
 *
 * @example
 * ```ts
 * const agent = new Agent({ connect: createDialler({ timeoutMs: 5_000 }) });
 * ```
 */
export function createDialler({ isInternal = () => false, timeoutMs, ca }: DialRules): buildConnector.connector {
  const connectors = [false, true].map((internal) =>
    buildConnector({
      timeout: timeoutMs,
      allowH2: false,
      lookup: judgedLookup(internal) as never,
      ...(ca !== undefined && { ca }),
    }),
  );
  return (options, done) => {
    const isNamed = isInternal(hostOf(options.hostname));
    try {
      // A host that is an address is never looked up.
      refuseAddress(options.hostname, isNamed);
    } catch (thrown) {
      done(thrown as AddressError, null);
      return;
    }
    (connectors[isNamed ? 1 : 0] as buildConnector.connector)(options, done);
  };
}
