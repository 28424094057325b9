/** How a server is reached, and what is refused. */
import { isLoopback } from '@sallyport/guard';
import type { GatewaySettings } from './edge/settings.ts';
import { originOf } from './listen/listener-origin.ts';
import type { ListenSettings } from './listen/settings.ts';

/**
 * Where a server listens. Without any of them it serves stdio when a program has started it with pipes as its standard
 * input and output, as MCP clients do, and else HTTP on a free port of 127.0.0.1.
 *
 * @example
 * ```ts
 * const http: ListenOptions = { port: 8080 };
 * ```
 */
export interface ListenOptions {
  /** `true`: stdio only. `false`: HTTP, also where the standard streams are pipes. */
  readonly stdio?: boolean;
  /** 0 is a free one. */
  readonly port?: number;
  /** `127.0.0.1` when absent. Outside loopback, `auth`, `publicUrl` and TLS (or a proxy that ends it) are required. */
  readonly host?: string;
  /** Paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** Weakening: plain HTTP outside loopback, because a proxy in front of it ends TLS. */
  readonly behindTlsProxy?: boolean;
  /** Origin (scheme, host, port) under which clients reach it. */
  readonly publicUrl?: string;
  /** Further exact `Host` values that are accepted. */
  readonly allowedHosts?: readonly string[];
  /** Exact `Origin` values that browsers may send. */
  readonly allowedOrigins?: readonly string[];
}

/** What the refusals depend on. */
export interface Protections {
  /** Whether callers over HTTP were configured. */
  readonly hasAuth: boolean;
  /** Whether records outlive the process. */
  readonly isRecorded: boolean;
}

/** Settings of the edge, and every weakening in words. */
export interface ListenPlan {
  readonly gateway: GatewaySettings;
  readonly weakenings: readonly string[];
}

const MIB = 1024 * 1024;

/** As the gateway has them without configuration. */
const LIMITS = {
  bodyBytesMax: 4 * MIB,
  strangerBytesMax: 16 * MIB,
  tenantBytesMax: 128 * MIB,
  depthMax: 64,
  keysMax: 10_000,
  streamsPerPrincipalMax: 16,
  callsMax: 512,
  requestTimeoutMs: 300_000,
  sessionLifetimeMs: 86_400_000,
  addressLimitPerMinute: 6_000,
};

/** @throws Error with a sentence for the author when the server would listen outside loopback without protection. */
export function planListen(options: ListenOptions, { hasAuth, isRecorded }: Protections): ListenPlan {
  const { host = '127.0.0.1', port = 0, behindTlsProxy = false } = options;
  const tls = options.tls && { clientCa: undefined, ...options.tls };
  const listen: ListenSettings = { host, port, tls, behindTlsProxy };
  const outside = !isLoopback(host);
  if (outside) requireProtection(options, hasAuth, isRecorded);
  return {
    gateway: {
      ...LIMITS,
      listen,
      publicUrl: options.publicUrl === undefined ? originOf(listen) : new URL(options.publicUrl).origin,
      allowedHosts: options.allowedHosts ?? [],
      allowedOrigins: options.allowedOrigins ?? [],
    },
    weakenings: [
      ...(outside && tls === undefined ? ['plain HTTP is served outside loopback (behindTlsProxy: true)'] : []),
      ...weakeningsOf({ isRecorded }),
    ],
  };
}

/** Those that do not depend on where the server listens. */
export const weakeningsOf = ({ isRecorded }: Pick<Protections, 'isRecorded'>): readonly string[] =>
  isRecorded ? [] : ['records are kept in memory and are lost when the process ends: set data'];

function requireProtection(
  { host, tls, behindTlsProxy, publicUrl }: ListenOptions,
  hasAuth: boolean,
  isRecorded: boolean,
): void {
  const missing = [
    ...(hasAuth ? [] : ['auth, so that callers are authenticated']),
    ...(tls !== undefined || behindTlsProxy === true ? [] : ['tls, or behindTlsProxy when a proxy ends TLS']),
    ...(publicUrl === undefined ? ['publicUrl, under which clients reach it'] : []),
    ...(isRecorded ? [] : ['data or audit, so that records outlive the process']),
  ];
  if (missing.length > 0) throw new Error(`${host} is outside loopback: set ${missing.join('; ')}`);
}
