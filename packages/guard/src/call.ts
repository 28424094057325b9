/** The vocabulary of the guard, as types only: what a call is, who makes it and what it is aimed at. */
import type { ApprovalDemand, Person } from './approval-store.ts';
import type { Digest, PrincipalKey, TenantId } from './identifiers.ts';

/**
 * A value that JSON can hold (RFC 8259).
 *
 * @example
 * ```ts
 * const limits: Json = { tools: ['search'], perMinute: 60 };
 * ```
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/**
 * A JSON object. Member names may be foreign, so read them with an index and expect `undefined`.
 *
 * @example
 * ```ts
 * const cursorOf = (params: JsonObject): Json | undefined => params['cursor'];
 * ```
 */
export type JsonObject = { readonly [key: string]: Json };

/**
 * `legacy` = revisions with the `initialize` handshake (up to 2025-11-25); `modern` = metadata in every request
 * (2026-07-28).
 *
 * @example
 * ```ts
 * const hasSessions = (era: Era): boolean => era === 'legacy';
 * ```
 */
export type Era = 'legacy' | 'modern';

/**
 * A credential as it was presented. Only the authenticate stage verifies it.
 *
 * - `none`, `malformed`, `bearer`: what a request presented (RFC 6750).
 * - `gateway`: the gateway itself (discovery, health). Never constructed from anything that arrived on a socket.
 * - `on_behalf_of_call`: a request that a server makes of the client while it executes a call; it acts for the caller
 *   of that call, who was authenticated already.
 *
 * @example
 * ```ts
 * const credentials: Credentials = { kind: 'bearer', token: 'eyJhbGciOi…' };
 * ```
 */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'bearer'; readonly token: string }
  /** Whoever sent the request has the key with this RFC 7638 thumbprint; the body must have the digest, if any. */
  | {
      readonly kind: 'dpop';
      readonly token: string;
      readonly keyThumbprint: string;
      readonly contentDigest: string | undefined;
      /** Uses the proof up when it is asked first. @returns false when another request has used it. */
      readonly isFirstUse: () => boolean;
    }
  | { readonly kind: 'gateway'; readonly tenant: string }
  | { readonly kind: 'on_behalf_of_call'; readonly principal: Principal };

/**
 * The person on whose behalf a call is made. The identity is the exact pair (issuer, subject), byte for byte.
 *
 * @example
 * ```ts
 * const isSameUser = (a: User, b: User): boolean => a.issuer === b.issuer && a.subject === b.subject;
 * ```
 */
export interface User {
  readonly issuer: string;
  readonly subject: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  /** Every claim of the token, for policies. */
  readonly claims: JsonObject;
}

/**
 * The software that makes the call.
 *
 * @example
 * ```ts
 * const isDelegated = ({ actors }: Agent): boolean => actors.length > 0;
 * ```
 */
export interface Agent {
  /** OAuth client id; `''` when the token names none. */
  readonly clientId: string;
  /** RFC 8693 `act` chain, outermost actor first. */
  readonly actors: readonly string[];
}

/**
 * User and agent together: who makes a call. Immutable, and compared by object identity.
 *
 * **Caches hang on the object.** The policy engine, the limit stage and others remember, in a `WeakMap` with the
 * principal as its key, what they computed from it and from its tenant. So an authenticator
 * - never changes a principal that it has returned,
 * - returns the same object for the same credential while it remembers it (else every call computes all of it again),
 *   and
 * - returns a new object as soon as anything in it differs, the tenant included.
 *
 * @example
 * ```ts
 * const mayDelete = ({ user, scopes }: Principal): boolean =>
 *   user.roles.includes('admin') && scopes.includes('delete');
 * ```
 */
export interface Principal {
  readonly user: User;
  readonly agent: Agent;
  readonly scopes: readonly string[];
  /** The tenant that the credential names; the tenant stage decides whether it exists. */
  readonly tenantClaim: string | undefined;
  /** Rate limit tier that the credential carries; `undefined` means the default tier. */
  readonly tier: string | undefined;
  /** Milliseconds since the epoch at which the credential stops being valid. */
  readonly expiresAtMs: number | undefined;
  readonly key: PrincipalKey;
}

/**
 * The organisation that a principal acts in. Nothing is shared between two tenants.
 *
 * @example
 * ```ts
 * const acme: Tenant = { id: tenantId('acme') };
 * ```
 */
export interface Tenant {
  readonly id: TenantId;
}

/**
 * What can be defined, listed and pinned.
 *
 * @example
 * ```ts
 * const kinds: readonly DefinitionKind[] = ['tool', 'prompt'];
 * ```
 */
export type DefinitionKind = 'tool' | 'prompt' | 'resource' | 'resource_template' | 'server';

/**
 * What a server states about a tool, prompt or resource, as it was approved.
 *
 * @example
 * ```ts
 * const document = { name: 'search', inputSchema: { type: 'object' } };
 * const digest = jsonDigest(document);
 * const definition: Definition = { server: 'crm', kind: 'tool', name: 'search', document, digest, labels: [] };
 * ```
 */
export interface Definition {
  readonly server: string;
  readonly kind: DefinitionKind;
  /** The tool or prompt name, the resource URI, the URI template, or `''` for the server itself. */
  readonly name: string;
  /** The approved document, every field of it: this is what is listed, never the live one. */
  readonly document: JsonObject;
  readonly digest: Digest;
  readonly labels: readonly string[];
}

/**
 * What a call is aimed at, in the server's own names: the edge has already undone any prefix. `unknown` is a name that
 * resolves to nothing; the visible stage answers it exactly as it answers what is hidden.
 *
 * @example
 * ```ts
 * const target: Target = { kind: 'tool', server: 'crm', name: 'search' };
 * ```
 */
export type Target =
  | { readonly kind: 'gateway' }
  | { readonly kind: 'servers'; readonly servers: readonly string[] }
  | { readonly kind: 'tool'; readonly server: string; readonly name: string }
  | { readonly kind: 'prompt'; readonly server: string; readonly name: string }
  | { readonly kind: 'resource'; readonly server: string; readonly name: string }
  | { readonly kind: 'resource_template'; readonly server: string; readonly name: string }
  | { readonly kind: 'task'; readonly server: string; readonly name: string }
  | { readonly kind: 'unknown'; readonly name: string };

/**
 * Where a call came from.
 *
 * @example
 * ```ts
 * const isRemote = (origin: Origin): boolean => origin.transport === 'http' && !isLoopback(origin.address);
 * ```
 */
export interface Origin {
  readonly transport: 'http' | 'stdio' | 'embedded';
  readonly era: Era;
  /** The revision of MCP that the caller speaks, e.g. `2026-07-28`; `''` when none is known. */
  readonly protocolVersion: string;
  /** The IP address of the peer; `''` when there is none. */
  readonly address: string;
  /** In every record, log line and error of the call. */
  readonly correlationId: string;
  /** W3C traceparent of the caller, when it was well formed. */
  readonly traceparent: string | undefined;
  readonly clientInfo: JsonObject | undefined;
}

/**
 * A legacy session as the edge unsealed it. The guard refuses it for any principal other than the one that opened it.
 *
 * @example
 * ```ts
 * const belongsTo = (session: Session, { user }: Principal): boolean => session.subject === user.subject;
 * ```
 */
export interface Session {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly tenant: string;
}

/**
 * One request as the guard sees it. Frozen by the edge; nothing downstream changes it.
 *
 * @example
 * ```ts
 * const toolOf = (call: Call): string | undefined => (call.target.kind === 'tool' ? call.target.name : undefined);
 * ```
 */
export interface Call {
  /** A method of MCP, or one of the gateway's own calls; a name that is neither is refused. */
  readonly method: string;
  readonly target: Target;
  /** The JSON-RPC params after the strict parse, in the server's own names. */
  readonly params: JsonObject;
  /** `params.arguments` exactly as it arrived (UTF-8 JSON), proven to have one reading only. */
  readonly rawArguments: Uint8Array | undefined;
  readonly credentials: Credentials;
  readonly session: Session | undefined;
  readonly origin: Origin;
  /** When the call is abandoned, by `steadyClock`. */
  readonly deadlineMs: number;
  /** Aborted when the caller cancels (and, for modern clients, when it disconnects). */
  readonly signal: AbortSignal;
  /** The request for approval under which a held call goes on: it uses this one, and asks for no other. */
  readonly approvalId?: string;
}

/**
 * A decision of the policies about one call, as records name it.
 *
 * @example
 * ```ts
 * const grant: Grant = { policies: ['sales-read'], revision: '2026-07-28', cacheable: true };
 * ```
 */
export interface Grant {
  /** Ids of the policies that decided it, sorted. */
  readonly policies: readonly string[];
  /** Which set of policies decided it. */
  readonly revision: string;
  /** True when the decision read no volatile part of the context, so it may be remembered. */
  readonly cacheable: boolean;
  /** What the policies that permit it ask of people first. */
  readonly approvals?: readonly PolicyApproval[];
}

/**
 * What one policy asks of people before a call that it permits.
 *
 * @example
 * ```ts
 * const asks = ({ approvals = [] }: Grant): readonly string[] => approvals.map(({ demand }) => demand.source);
 * ```
 */
export interface PolicyApproval {
  readonly demand: ApprovalDemand;
  /** How long a request waits; as configured when `undefined`. */
  readonly ttlMs: number | undefined;
}

/**
 * The consent of people to exactly one call.
 *
 * @example
 * ```ts
 * const approval: Approval = { id: 'a-1', approvers: [{ issuer: 'https://issuer.example', subject: 'bob' }] };
 * ```
 */
export interface Approval {
  readonly id: string;
  readonly approvers: readonly Person[];
}

/**
 * What an MCP server answered, or what Sallyport answers in its place.
 *
 * @example
 * ```ts
 * const result: McpResult = { value: { content: [{ type: 'text', text: 'done' }] } };
 * ```
 */
export interface McpResult {
  /** The JSON-RPC `result` member. */
  readonly value: JsonObject;
  /** The same result as UTF-8 JSON, when the upstream's bytes can be passed on unchanged. */
  readonly bytes?: Uint8Array | undefined;
  /**
   * Lists only: the pinned definitions that the answer shows, in order. `value` then holds the other members only;
   * the inspect stage drops what the principal may not see, and the edge renders `document` under the client's names.
   */
  readonly items?: readonly Definition[] | undefined;
}
