/**
 * The vocabulary of the guard: what a call is, who makes it and what it is aimed at.
 *
 * Nothing here does anything. Every other room of the house speaks in these words, so a change here is a change
 * to the house.
 */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** `legacy` = revisions with the `initialize` handshake (up to 2025-11-25); `modern` = per-request metadata (2026-07-28). */
export type Era = 'legacy' | 'modern';

/** What a credential looked like on the wire; verified by the authenticate stage and by nothing else. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'bearer'; readonly token: string }
  /** The gateway itself (discovery, health): never constructed from anything that arrived on a socket. */
  | { readonly kind: 'gateway'; readonly tenant: string }
  /** A request that a server makes of the client while it executes a call: it acts for the caller of that call. */
  | { readonly kind: 'within'; readonly principal: Principal };

/** The human on whose behalf a call is made. The identity is the exact pair (issuer, subject), byte for byte. */
export interface User {
  readonly issuer: string;
  readonly subject: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly claims: JsonObject;
}

/** The software that makes the call. */
export interface Agent {
  readonly clientId: string;
  /** RFC 8693 `act` chain, outermost actor first. */
  readonly actors: readonly string[];
}

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
  /** Collision-free text of issuer, subject, tenant and client id: the key of everything remembered for a principal. */
  readonly key: string;
}

export interface Tenant {
  readonly id: string;
}

export type DefinitionKind = 'tool' | 'prompt' | 'resource' | 'resource_template' | 'server';

/** What a server says of a tool, prompt or resource, as it was approved. */
export interface Definition {
  readonly server: string;
  readonly kind: DefinitionKind;
  /** The tool or prompt name, the resource URI, the URI template, or `''` for the server itself. */
  readonly name: string;
  /** The approved document, every field of it: this is what is listed, never the live one. */
  readonly document: JsonObject;
  /** `sha256:` and 64 hex digits over the RFC 8785 form of the document. */
  readonly digest: string;
  readonly labels: readonly string[];
}

/** What a call is aimed at, in the server's own names: the edge has already undone any prefix. */
export type Target =
  | { readonly kind: 'gateway' }
  | { readonly kind: 'servers'; readonly servers: readonly string[] }
  | { readonly kind: 'tool'; readonly server: string; readonly name: string }
  | { readonly kind: 'prompt'; readonly server: string; readonly name: string }
  | { readonly kind: 'resource'; readonly server: string; readonly name: string }
  | { readonly kind: 'resource_template'; readonly server: string; readonly name: string }
  | { readonly kind: 'task'; readonly server: string; readonly name: string }
  /** A name that resolves to nothing; the visible stage answers it exactly as it answers what is hidden. */
  | { readonly kind: 'unknown'; readonly name: string };

/** Where a call came from. */
export interface Origin {
  readonly transport: 'http' | 'stdio' | 'embedded';
  readonly era: Era;
  readonly protocolVersion: string;
  readonly address: string;
  readonly correlationId: string;
  /** W3C traceparent of the caller, when it was well formed. */
  readonly traceparent: string | undefined;
  readonly clientInfo: JsonObject | undefined;
}

/** A legacy session as the edge unsealed it. The guard refuses it for any other principal than the one it was sealed for. */
export interface Session {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly tenant: string;
}

/** One request as the guard sees it. Frozen by the edge; nothing downstream changes it. */
export interface Call {
  readonly method: string;
  readonly target: Target;
  /** The JSON-RPC params after the strict parse, in the server's own names. */
  readonly params: JsonObject;
  /** `params.arguments` exactly as it arrived (UTF-8 JSON), proven to be readable in one way only. */
  readonly rawArguments: Uint8Array | undefined;
  readonly credentials: Credentials;
  readonly session: Session | undefined;
  readonly origin: Origin;
  /** Milliseconds since the epoch after which the call is abandoned. */
  readonly deadlineMs: number;
  /** Aborted when the caller cancels (and, for modern clients, when it disconnects). */
  readonly signal: AbortSignal;
}

/** The id of a policy decision that allowed a call. */
export interface Grant {
  /** Ids of the policies that decided it, sorted. */
  readonly policies: readonly string[];
  readonly revision: string;
  /** True when no volatile part of the context was read, so the decision may be remembered. */
  readonly cacheable: boolean;
}

export interface Approval {
  readonly id: string;
  readonly approver: string;
}

/** What an MCP server answered, or what Sallyport answers in its place. */
export interface McpResult {
  /** The JSON-RPC `result` member. */
  readonly value: JsonObject;
  /** The same result as UTF-8 JSON when the bytes of the upstream can be passed on as they came. */
  readonly bytes?: Uint8Array | undefined;
  /**
   * Lists only: the pinned definitions that the answer shows, in order. `value` then holds the other members only;
   * the inspect stage drops what the principal may not see, and the edge renders `document` under the client's names.
   */
  readonly items?: readonly Definition[] | undefined;
}
