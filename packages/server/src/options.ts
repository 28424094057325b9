/** The options of a secure server. */
import type {
  ApiKey,
  ApprovalStore,
  AuditLog,
  Authenticator,
  KeyStore,
  Log,
  PolicyEngine,
  TenantDirectory,
} from '@sallyport/guard';
import type { JwtIssuer, LimitTiers } from '@sallyport/guard/stages';
import type { Http } from './http/index.ts';
import type { LimitText } from './limit-text.ts';
import type { Roles } from './permission.ts';
import type { Prompt } from './prompt.ts';
import type { Resource, ResourceTemplate } from './resource.ts';
import type { Tool } from './tool.ts';

/**
 * An issuer of access tokens (RFC 9068). What is left out is as strict as the gateway is without configuration.
 *
 * @example
 * ```ts
 * const issuer: IssuerOptions = {
 *   issuer: 'https://login.example.com', audience: 'https://crm.example.com/mcp', tenants: ['acme'],
 * };
 * ```
 */
export interface IssuerOptions extends Partial<Omit<JwtIssuer, 'claims'>> {
  /** Compared byte for byte with `iss`; its metadata names its keys. */
  readonly issuer: string;
  /** The `aud` of this server. */
  readonly audience: string;
  /** The tenants that its tokens may name. */
  readonly tenants: readonly string[];
  readonly claims?: Partial<JwtIssuer['claims']>;
  /** Overrides discovery. */
  readonly jwksUri?: string;
}

/**
 * Who is let in over HTTP.
 *
 * @example
 * ```ts
 * const auth: AuthOptions = { keys: createMemoryKeys() };
 * ```
 */
export interface AuthOptions {
  /** API keys, made with `mintApiKey`. */
  readonly keys?: KeyStore | readonly ApiKey[];
  /** Issuers of access tokens. */
  readonly issuers?: readonly IssuerOptions[];
  /** Tried before the others. */
  readonly authenticators?: readonly Authenticator[];
}

/**
 * What `secureServer` needs: a name and what the server offers. Everything else has a safe default.
 *
 * @example
 * ```ts
 * const withTimeout = (options: SecureServerOptions): SecureServerOptions => ({ ...options, timeoutMs: 5_000 });
 * ```
 */
export interface SecureServerOptions {
  /** Of `a-z0-9-`, 1 to 32 characters: for clients and in records. */
  readonly name: string;
  /** `0.0.0` when absent. */
  readonly version?: string;
  readonly title?: string;
  /** How the items are used together, for the model. */
  readonly instructions?: string;
  readonly tools?: readonly Tool[];
  readonly resources?: readonly (Resource | ResourceTemplate)[];
  readonly prompts?: readonly Prompt[];
  /** Permissions by role. The role `local` of a developer and of a user on stdio has all unless it is here. */
  readonly roles?: Roles;
  /** Tenants that exist; `local` alone when absent. */
  readonly tenants?: readonly string[] | TenantDirectory;
  readonly auth?: AuthOptions;
  /** Asked besides the permissions: both must allow. */
  readonly policy?: PolicyEngine;
  /**
   * Folder for the audit log, as the gateway keeps it: `sallyport audit verify --from FOLDER` checks it. Without it and
   * without `audit`, records are kept in memory, which is a weakening and refused outside loopback.
   */
  readonly data?: string;
  /** Where records become durable before a tool runs, instead of `data`. */
  readonly audit?: AuditLog;
  /** The key under which arguments are hashed in records, with `audit`; at least 32 bytes. Random when absent. */
  readonly hashingKey?: Uint8Array;
  /** Rate limit of one user and tool, or limits by tier of the principal; `100/min` when absent. */
  readonly limits?: LimitText | LimitTiers;
  /** The system that handlers reach with `fetch`, made with `http` of `@sallyport/server/http`. */
  readonly http?: Http;
  /** Where requests for approval are kept, and where people decide about them. */
  readonly approvals?: {
    /** In memory when absent. */
    readonly store?: ApprovalStore;
    /** The address of the page of one request, for people. */
    readonly pageOf?: (id: string) => string;
    /** How long a request waits; 10 minutes when absent. */
    readonly ttlMs?: number;
    /** How long a caller is kept waiting; not at all when absent. */
    readonly waitMs?: number;
  };
  /**
   * Time limit of one call, in milliseconds from 1 to 2^31 - 1; 60,000 when absent. When it ends, the signal of the
   * handler is aborted and the answer is `TIMEOUT`. It stands still while a person is asked.
   */
  readonly timeoutMs?: number;
  /** The largest result, in bytes; 1 MiB when absent. */
  readonly resultBytesMax?: number;
  /**
   * Receives every error inside a handler or a store, with the correlation id that the caller got. Callers never see
   * anything of it. Written to the log when absent.
   */
  readonly onError?: (error: unknown, correlationId: string) => void;
  /** The log of the process; lines on standard error when absent. */
  readonly log?: Log;
}
