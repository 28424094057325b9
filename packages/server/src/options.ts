/** The options of a secure server. */
import type { AuditLog, Authenticator, TenantDirectory } from '@sallyport/guard';
import type { LimitTiers } from '@sallyport/guard/stages';
import type { Tool } from './tool.ts';

/**
 * What `secureServer` needs.
 *
 * @example
 * ```ts
 * const withTimeout = (options: SecureServerOptions): SecureServerOptions => ({ ...options, timeoutMs: 5_000 });
 * ```
 */
export interface SecureServerOptions {
  /** The name of the server, for clients and in records. */
  readonly name: string;
  readonly version: string;
  /** With different names. Each is checked as `tool` does. */
  readonly tools: readonly Tool[];
  /** Turn credentials into principals; tried in order. */
  readonly authenticators: readonly Authenticator[];
  /** Tenants that exist. */
  readonly tenants: readonly string[] | TenantDirectory;
  /** Where records become durable before a tool runs. Required, because running without records is a decision. */
  readonly audit: AuditLog;
  /** At least 32 bytes: the key under which arguments are hashed in records. */
  readonly hashingKey: Uint8Array;
  /**
   * Rate limits by tier of the principal; `default` is for all others. When absent: 100 calls per minute, user and
   * tool.
   */
  readonly limits?: LimitTiers;
  /**
   * Time limit of one call, in milliseconds from 1 to 2^31 - 1; 60,000 when absent. When it ends, the signal of the
   * tool is aborted and the answer is `TIMEOUT`.
   */
  readonly timeoutMs?: number;
  /**
   * Whether callers read the text of an error that a tool threw, as one line without what looks like a secret: a model
   * needs it in order to go on. `show` when absent; with `hide` they read that the tool failed. The text of a ToolError
   * is always shown as it is.
   */
  readonly errors?: 'show' | 'hide';
  /** Credential of a stdio client, which sends none. */
  readonly stdioToken?: string;
  /**
   * Receives every error inside a tool or a store, with the correlation id that the caller got. Callers never see more
   * of it than `errors` says.
   */
  readonly onError?: (error: unknown, correlationId: string) => void;
}
