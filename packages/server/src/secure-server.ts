/** An MCP server with the guard around everything that it offers: the same guard and edge as in the gateway. */
import { randomBytes } from 'node:crypto';
import {
  createSealer,
  type Approvals,
  type Authenticator,
  type Definition,
  type Guard,
  type Log,
} from '@sallyport/guard';
import { systemClock } from '@sallyport/guard/memory';
import { authenticatorsOf, edgeIssuersOf } from './authenticators.ts';
import { planListen, weakeningsOf, type ListenOptions } from './listen-options.ts';
import { developerIdentity, LOCAL_TENANT, osUserIdentity } from './local-identity.ts';
import { logToStandardError } from './log.ts';
import type { SecureServerOptions } from './options.ts';
import { recordsOf } from './records.ts';
import { createRequestStates } from './request-state.ts';
import { createCatalog } from './serve/catalog.ts';
import { serverProfile } from './serve/profile.ts';
import { createServerSend } from './serve/send.ts';
import { createServerGuard } from './server-guard.ts';
import { hasPipes } from './serve/has-pipes.ts';
import { serveHttp } from './serve/serve-http.ts';
import { serveStdio } from './serve/serve-stdio.ts';
import type { ServedServer } from './serve/served-server.ts';
import { keepServed } from './served.ts';

/**
 * A server that is ready to listen.
 *
 * @example
 * ```ts
 * const guardOf = (server: SecureServer): Guard => server.guard;
 * ```
 */
export interface SecureServer {
  readonly guard: Guard;
  /** Requests for approval: what people decide about. */
  readonly approvals: Approvals;
  /** Everything that it offers, as clients list it. */
  readonly definitions: readonly Definition[];
  /**
   * Serves from now on: stdio or HTTP, see {@link ListenOptions}.
   *
   * @throws Error with a sentence for the author when it would be open to others, or cannot be opened.
   */
  listen(options?: ListenOptions): Promise<RunningServer>;
  /** Tells the clients who subscribed to a resource that it has changed. */
  updated(uri: string): void;
}

/**
 * A server that serves until it is closed.
 *
 * @example
 * ```ts
 * const stop = (running: RunningServer): Promise<void> => running.close();
 * ```
 */
export interface RunningServer {
  /** The MCP endpoint; `undefined` on stdio. */
  readonly url: string | undefined;
  /** Resolves when it has ended: on stdio, when the client has gone. */
  readonly ended: Promise<void>;
  /** Takes no more calls, lets those under way finish, and ends. @param graceMs 10,000 when left out. */
  close(graceMs?: number): Promise<void>;
}

const TIMEOUT_MS = 60_000;
const NAME = /^[a-z0-9-]{1,32}$/;
const SEALING_KEY_BYTES = 32;

/**
 * A server whose items are reached through the guard only: authentication, tenants, permissions, schemas, limits,
 * approvals and records. Nothing runs until `listen`.
 *
 * @throws RangeError when two items have the same name, the name of the server is none, a limit is none, the hashing
 * key is too short, or the time limit is out of range.
 * @example
 * ```ts
 * const crm = secureServer({ name: 'crm', tools: [] });
 * ```
 */
export function secureServer(options: SecureServerOptions): SecureServer {
  const { name, timeoutMs = TIMEOUT_MS, log = logToStandardError } = options;
  if (!NAME.test(name)) throw new RangeError('the name of a server has 1 to 32 of a-z0-9-');
  if (!(timeoutMs >= 1 && timeoutMs < 2 ** 31)) throw new RangeError('timeoutMs must be from 1 to 2^31 - 1');
  const catalog = createCatalog(name, [
    ...(options.tools ?? []),
    ...(options.resources ?? []),
    ...(options.prompts ?? []),
  ]);
  const records = recordsOf(options, log);
  const callers = callersOf(options, log);
  const sealer = createSealer(randomBytes(SEALING_KEY_BYTES));
  const { guard, approvals, policy } = createServerGuard(options, catalog, callers.authenticators, records, sealer);
  const states = createRequestStates(sealer, systemClock);
  const { send, subscriptions, close } = createServerSend({
    server: name,
    catalog,
    states,
    timeoutMs,
    guard: () => guard,
    http: options.http,
  });
  const served: ServedServer = {
    name,
    guard,
    send,
    close,
    catalog,
    policy,
    approvals,
    approvalOptions: options.approvals ?? {},
    profile: serverProfile(options, catalog),
    issuers: edgeIssuersOf(options.auth?.issuers ?? []),
    sealer,
    log,
    onError: options.onError,
    records,
  };
  const server: SecureServer = Object.freeze({
    guard,
    approvals,
    definitions: catalog.definitions,
    updated: (uri: string) => subscriptions.updated(uri),
    listen: async (listen: ListenOptions = {}) => {
      if (listen.stdio ?? (listen.port === undefined && listen.host === undefined && hasPipes(process)))
        return serveStdio(served, callers.osUser.token, weakeningsOf(records));
      const plan = planListen(listen, { hasAuth: callers.hasAuth, isRecorded: records.isRecorded });
      return serveHttp(served, plan, callers.hasAuth ? undefined : callers.developer.token);
    },
  });
  keepServed(server, served);
  return server;
}

/** Who may call: the user of the operating system on stdio; over HTTP who is configured, or else a developer. */
function callersOf({ auth = {}, tenants }: SecureServerOptions, log: Log) {
  const tenant = (Array.isArray(tenants) ? (tenants as readonly string[])[0] : undefined) ?? LOCAL_TENANT;
  const osUser = osUserIdentity(tenant);
  const developer = developerIdentity(tenant);
  const configured = authenticatorsOf(auth, log);
  const hasAuth = configured.length > 0;
  const authenticators: readonly Authenticator[] = [
    osUser.authenticator,
    ...(hasAuth ? configured : [developer.authenticator]),
  ];
  return { osUser, developer, hasAuth, authenticators };
}
