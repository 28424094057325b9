/** Helpers for tests of a server: calls as anybody, through the guard, without a socket. */
import { AssertionError } from 'node:assert';
import {
  isObject,
  type Call,
  type ClientChannel,
  type Json,
  type JsonObject,
  type Outcome,
  type Principal,
  type Target,
} from '@sallyport/guard';
import { principalKey } from '@sallyport/guard/stages';
import { steadyClock } from '@sallyport/guard/memory';
import { lintDefinitions } from '../lint/index.ts';
import { listReadBy } from '../mcp/lists.ts';
import type { SecureServer } from '../secure-server.ts';
import { servedOf } from '../served.ts';

/**
 * Who calls. What is left out is empty; the tenant is `local`.
 *
 * @example
 * ```ts
 * const alice: TestPrincipal = { subject: 'alice', roles: ['support'], tenant: 'acme' };
 * ```
 */
export interface TestPrincipal {
  readonly subject: string;
  readonly issuer?: string;
  readonly tenant?: string;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  readonly scopes?: readonly string[];
  readonly claims?: JsonObject;
  /** Rate limit tier. */
  readonly tier?: string;
}

/**
 * What the client of the caller does while a call runs.
 *
 * @example
 * ```ts
 * const client: TestClient = { answer: () => ({ action: 'accept', content: { sure: true } }) };
 * ```
 */
export interface TestClient {
  /** Answers what a handler asks: the result of `elicitation/create`, `sampling/createMessage` or `roots/list`. */
  readonly answer?: (method: string, params: JsonObject) => JsonObject | Promise<JsonObject>;
  /** Receives progress, and lines of the log. */
  readonly notified?: (method: string, params: JsonObject) => void;
  /** The client cancels when it is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Calls of one caller. Each goes through every stage of the guard and is recorded.
 *
 * @example
 * ```ts
 * const greet = (caller: Caller): Promise<JsonObject> => caller.callTool('greet_person', { name: 'Ann' });
 * ```
 */
export interface Caller {
  /** What the caller sees. */
  list(of: 'tools' | 'prompts' | 'resources' | 'resources/templates'): Promise<readonly JsonObject[]>;
  /** The tool result, with `isError` where its author threw a ToolError. @throws RefusedCall when it is refused. */
  callTool(name: string, args?: Readonly<Record<string, unknown>>): Promise<JsonObject>;
  /** @throws RefusedCall when it is refused, or fails. */
  readResource(uri: string): Promise<JsonObject>;
  /** @throws RefusedCall when it is refused, or fails. */
  getPrompt(name: string, args?: Readonly<Record<string, string>>): Promise<JsonObject>;
}

/**
 * The guard has refused a call, or its handler has failed.
 *
 * @example
 * ```ts
 * const isHidden = ({ code }: RefusedCall): boolean => code === 'NOT_FOUND';
 * ```
 */
export class RefusedCall extends Error {
  /** As callers see it, such as `PERMISSION_DENIED`. */
  readonly code: string;
  /** For the author: what was thrown inside. */
  override readonly cause: unknown;

  constructor(code: string, message: string, cause: unknown) {
    super(`${code}: ${message}`);
    this.name = 'RefusedCall';
    this.code = code;
    this.cause = cause;
  }
}

/**
 * Calls a server as somebody.
 *
 * @example
 * ```ts
 * async function greets(server: SecureServer): Promise<boolean> {
 *   const bob = callAs(server, { subject: 'bob', roles: ['support'] });
 *   return (await bob.callTool('greet_person', { name: 'Ann' })).isError !== true;
 * }
 * ```
 */
export function callAs(server: SecureServer, principal: TestPrincipal, client: TestClient = {}): Caller {
  const { name: serverName } = servedOf(server);
  const caller = principalOf(principal);
  const run = (method: string, target: Target, params: JsonObject): Promise<JsonObject> =>
    runCall(server, callOf(method, target, params, caller, client), client);
  return {
    async list(of) {
      const method = `${of}/list`;
      const value = await run(method, { kind: 'servers', servers: [serverName] }, {});
      return (value[listReadBy(method)?.member ?? ''] ?? []) as readonly JsonObject[];
    },
    callTool: (name, args = {}) =>
      run('tools/call', { kind: 'tool', server: serverName, name }, { name, arguments: asJson(args) }),
    readResource: (uri) => run('resources/read', { kind: 'resource', server: serverName, name: uri }, { uri }),
    getPrompt: (name, args = {}) =>
      run('prompts/get', { kind: 'prompt', server: serverName, name }, { name, arguments: args }),
  };
}

/**
 * Passes when a call was refused, or answered with an error, and fails with a sentence otherwise.
 *
 * @param code that callers see, such as `PERMISSION_DENIED` or one of a ToolError; any when left out.
 * @throws AssertionError when the call was answered, or refused for another reason.
 * @example
 * ```ts
 * const strangersSeeNothing = (server: SecureServer): Promise<void> =>
 *   expectRefused(callAs(server, { subject: 'eve' }).callTool('get_customer', {}), 'NOT_FOUND');
 * ```
 */
export async function expectRefused(call: Promise<JsonObject>, code?: string): Promise<void> {
  const met = await call.then(
    (result) => (result['isError'] === true ? errorCodeOf(result) : undefined),
    (thrown: unknown) => {
      if (thrown instanceof RefusedCall) return thrown.code;
      throw thrown;
    },
  );
  if (met === undefined)
    throw new AssertionError({ message: 'the call was answered, and it should have been refused', expected: code });
  if (code !== undefined && met !== code)
    throw new AssertionError({ message: `the call was refused with ${met}, not ${code}`, actual: met, expected: code });
}

/**
 * Says what somebody thinks of every request for approval that waits in their tenant.
 *
 * @returns how many were decided.
 * @throws GuardError `not_permitted` when they may not decide about one of them.
 * @example
 * ```ts
 * const approved = (server: SecureServer): Promise<number> =>
 *   decideAs(server, { subject: 'lea', roles: ['lead'] }, 'approve');
 * ```
 */
export async function decideAs(
  { approvals }: SecureServer,
  principal: TestPrincipal,
  verdict: 'approve' | 'deny',
): Promise<number> {
  // Nobody decides through the software that made the call.
  const by = principalOf(principal, 'people');
  const tenant = by.tenantClaim ?? '';
  const waiting = await approvals.list({ tenant, status: 'pending' });
  for (const { id } of waiting) await approvals.decide(tenant, id, { by, verdict, reason: undefined, channel: 'test' });
  return waiting.length;
}

/**
 * Passes when the linter has nothing against what a server offers.
 *
 * @param except ids of rules that do not count.
 * @throws AssertionError that names every finding.
 * @example
 * ```ts
 * const check = (server: SecureServer): void => expectClean(server, ['string-bounded']);
 * ```
 */
export function expectClean(server: SecureServer, except: readonly string[] = []): void {
  const findings = lintDefinitions(servedOf(server).catalog.items, 'own').filter(({ rule }) => !except.includes(rule));
  if (findings.length === 0) return;
  const lines = findings.map(({ definition, at, rule, message }) => `${definition}${at} ${rule}: ${message}`);
  throw new AssertionError({ message: `the linter has found:\n${lines.join('\n')}` });
}

const errorCodeOf = ({ structuredContent }: JsonObject): string =>
  isObject(structuredContent) ? String(structuredContent['error_code']) : '';

async function runCall(server: SecureServer, call: Call, client: TestClient): Promise<JsonObject> {
  const { guard, send } = servedOf(server);
  const outcome = await guard.run(call, (permit) => send(permit, channelOf(client)));
  if (outcome.status !== 'success') throw refusedBy(outcome);
  const { value, items } = outcome.result;
  if (items === undefined) return value;
  return { [listReadBy(call.method)?.member ?? 'items']: items.map(({ document }) => document) };
}

const refusedBy = ({ error }: Exclude<Outcome, { status: 'success' }>): RefusedCall =>
  new RefusedCall(error.row.errorCode, error.message, error.cause);

const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

function principalOf(given: TestPrincipal, clientId = 'test'): Principal {
  const { subject, issuer = 'urn:sallyport:test', tenant = 'local', roles = [], groups = [], scopes = [] } = given;
  const agent = { clientId, actors: [] };
  return Object.freeze({
    user: { issuer, subject, roles, groups, claims: given.claims ?? {} },
    agent,
    scopes,
    tenantClaim: tenant,
    tier: given.tier,
    expiresAtMs: undefined,
    key: principalKey({ issuer, subject }, agent, tenant),
  });
}

const DEADLINE_MS = 600_000;

const callOf = (
  method: string,
  target: Target,
  params: JsonObject,
  principal: Principal,
  { signal = new AbortController().signal }: TestClient,
): Call =>
  Object.freeze({
    method,
    target,
    params,
    rawArguments: undefined,
    credentials: { kind: 'on_behalf_of_call' as const, principal },
    session: undefined,
    deadlineMs: steadyClock.now() + DEADLINE_MS,
    signal,
    origin: {
      transport: 'embedded' as const,
      era: 'legacy' as const,
      protocolVersion: '2025-11-25',
      address: '',
      correlationId: crypto.randomUUID(),
      traceparent: undefined,
      clientInfo: undefined,
    },
  });

const channelOf = ({ answer, notified }: TestClient): ClientChannel => ({
  era: 'legacy',
  capabilities: answer === undefined ? {} : { elicitation: {}, sampling: { tools: {} }, roots: {} },
  logLevel: undefined,
  progressToken: 'test',
  notify: (method, params) => notified?.(method, params),
  request: answer && (async (method, params) => answer(method, params)),
});
