/**
 * One error class and one table: code → HTTP status → JSON-RPC code → `error_code` → may the caller retry.
 *
 * `docs/reference/errors.md` is generated from this table. Messages never echo input, credentials or details of an
 * upstream; the detail for the operator is in `cause` and goes to the log only.
 */
import type { Grant, Json, JsonObject } from './call.ts';

/**
 * What an error code means to each protocol.
 *
 * @example
 * ```ts
 * const isClientError = (row: ErrorRow): boolean => row.http >= 400 && row.http < 500;
 * ```
 */
export interface ErrorRow {
  /** HTTP status. */
  readonly http: number;
  /** `error.code` of JSON-RPC 2.0. */
  readonly jsonRpc: number;
  /** `error_code` in tool results, `error.data` and records. */
  readonly errorCode: string;
  /** True when nothing was executed and the same call may succeed later. */
  readonly retryable: boolean;
  readonly message: string;
  readonly suggestion: string | undefined;
}

const row = (
  http: number,
  jsonRpc: number,
  errorCode: string,
  [retryable, message, suggestion]: readonly [boolean, string, string?],
): ErrorRow => ({ http, jsonRpc, errorCode, retryable, message, suggestion });

/**
 * Every error of the guard and its answer. Codes are stable: clients and records name them.
 *
 * @example
 * ```ts
 * const status = ERRORS.rate_limited.http;
 * ```
 */
export const ERRORS = {
  unauthenticated: row(401, 401, 'UNAUTHENTICATED', [
    false,
    'Authentication is required.',
    'Present a valid access token or API key.',
  ]),
  insufficient_scope: row(403, 403, 'INSUFFICIENT_SCOPE', [
    false,
    'The credential lacks a required scope.',
    'Request a token with the scopes named in the challenge.',
  ]),
  unknown_tenant: row(403, 403, 'UNKNOWN_TENANT', [false, 'The credential does not name a tenant that exists here.']),
  not_found: row(200, -32602, 'NOT_FOUND', [
    false,
    'No such tool, prompt, resource, task or server.',
    'List what is available and use a name from the list.',
  ]),
  method_not_found: row(404, -32601, 'NOT_FOUND', [
    false,
    'The method does not exist in this revision of the protocol.',
  ]),
  session_not_found: row(404, 404, 'NOT_FOUND', [
    false,
    'The session does not exist or has ended.',
    'Start a new session with initialize.',
  ]),
  parse_error: row(400, -32700, 'INVALID_REQUEST', [false, 'The body is not valid JSON.']),
  invalid_request: row(400, -32600, 'INVALID_REQUEST', [false, 'The request is not valid.']),
  invalid_params: row(400, -32602, 'INVALID_REQUEST', [false, 'A required part of params is missing or malformed.']),
  header_mismatch: row(400, -32020, 'INVALID_REQUEST', [
    false,
    'The headers and the body of the request do not agree.',
  ]),
  missing_client_capability: row(400, -32021, 'INVALID_REQUEST', [
    false,
    'The call needs a client capability that was not declared.',
  ]),
  unsupported_protocol_version: row(400, -32022, 'INVALID_REQUEST', [false, 'The protocol version is not supported.']),
  forbidden_origin: row(403, 403, 'INVALID_REQUEST', [false, 'The Host or Origin header is not allowed.']),
  invalid_input: row(200, -32602, 'INVALID_ARGUMENT', [
    false,
    'The arguments do not match the input schema.',
    'Correct the named fields and call again.',
  ]),
  not_permitted: row(200, 403, 'PERMISSION_DENIED', [false, 'Policy does not permit this call.']),
  rate_limited: row(429, 429, 'RATE_LIMITED', [
    true,
    'The rate limit is exhausted.',
    'Wait for the given time, then call again.',
  ]),
  approval_required: row(200, 202, 'APPROVAL_REQUIRED', [
    true,
    'A person must approve this call.',
    'Ask for approval, then repeat the identical call.',
  ]),
  approval_refused: row(200, 403, 'APPROVAL_REFUSED', [false, 'A person refused this call.']),
  approvals_unavailable: row(503, 503, 'APPROVALS_UNAVAILABLE', [
    true,
    'A person must approve this call, and requests for approval cannot be kept now, so it was not executed.',
    'Retry later; nothing was executed.',
  ]),
  quarantined: row(200, 403, 'QUARANTINED', [
    false,
    'The definition changed since it was approved and is withheld.',
    'An operator can review it with: sallyport pins diff.',
  ]),
  audit_unavailable: row(503, 503, 'AUDIT_UNAVAILABLE', [
    true,
    'The call could not be recorded, so it was not executed.',
    'Retry later; nothing was executed.',
  ]),
  unavailable: row(503, 503, 'UNAVAILABLE', [
    true,
    'The gateway cannot take the request now.',
    'Retry after the given time; nothing was executed.',
  ]),
  upstream_failed: row(200, 502, 'UPSTREAM_FAILED', [false, 'The server behind the gateway failed.']),
  upstream_timeout: row(200, 504, 'TIMEOUT', [false, 'The server behind the gateway did not answer in time.']),
  output_blocked: row(200, 502, 'OUTPUT_BLOCKED', [
    false,
    'The result was blocked by an output rule. The call was executed.',
  ]),
  result_withheld: row(200, 500, 'RESULT_WITHHELD', [
    false,
    'The call was executed but its outcome could not be recorded, so the result is withheld.',
    'Do not retry: the call has taken effect.',
  ]),
  interrupted: row(200, 503, 'INTERRUPTED', [
    false,
    'The gateway stopped before the server answered. The call may have been executed.',
    'Find out whether the call took effect before it is repeated.',
  ]),
  cancelled: row(200, 499, 'CANCELLED', [false, 'The call was cancelled by its caller.']),
  payload_too_large: row(413, 413, 'PAYLOAD_TOO_LARGE', [false, 'The request is larger than the limit.']),
  unsupported_media_type: row(415, -32600, 'INVALID_REQUEST', [
    false,
    'The content type or encoding is not supported.',
    'Send UTF-8 application/json without content encoding.',
  ]),
  internal: row(500, -32603, 'INTERNAL', [false, 'An internal error occurred.']),
} as const satisfies Record<string, ErrorRow>;

/**
 * A key of {@link ERRORS}.
 *
 * @example
 * ```ts
 * const retryable = (code: ErrorCode): boolean => ERRORS[code].retryable;
 * ```
 */
export type ErrorCode = keyof typeof ERRORS;

/**
 * What one error adds to its row.
 *
 * @example
 * ```ts
 * const detail: ErrorDetail = { message: 'The tool is closed on Sundays.', retryAfterSeconds: 86_400 };
 * ```
 */
export interface ErrorDetail {
  /**
   * Replaces the table's message; must be built from constants, schema paths and configured names, or be text of a
   * server that `errorText` inspected.
   */
  readonly message?: string;
  readonly suggestion?: string;
  /** Seconds until a retry can succeed. */
  readonly retryAfterSeconds?: number;
  /** JSON-RPC `error.data`, and the extra fields of `structuredContent`. */
  readonly data?: JsonObject;
  /** Response headers that the edge adds (rate limit, challenge parameters). */
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON-RPC error with which the server behind the gateway answered: its code is relayed. */
  readonly rpc?: { readonly code: number; readonly data?: Json };
  /** The policies that refused: for the record, never for the caller. */
  readonly decision?: Grant;
  /** For the log, never for the caller. */
  readonly cause?: unknown;
}

/**
 * A refusal or failure with a code from the table. The only error that the guard returns.
 *
 * @example
 * ```ts
 * throw new GuardError('invalid_input', { message: 'The argument /from is required.' });
 * ```
 */
export class GuardError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(detail.message ?? ERRORS[code].message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'GuardError';
    this.code = code;
    this.detail = detail;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }
}

/**
 * A refusal as a tool result: text that a model can act on, and the same for programs.
 *
 * @example
 * ```ts
 * const result = refusalResult(new GuardError('not_permitted'), 'c-42');
 * ```
 */
export function refusalResult({ row, message, detail }: GuardError, correlationId: string): JsonObject {
  const suggestion = detail.suggestion ?? row.suggestion;
  const advice = [
    suggestion,
    detail.retryAfterSeconds === undefined ? undefined : `Retry after ${detail.retryAfterSeconds} s.`,
  ].filter((part) => part !== undefined);
  return {
    content: [{ type: 'text', text: [`${row.errorCode}: ${message}`, ...advice].join(' ') }],
    structuredContent: {
      ...detail.data,
      error_code: row.errorCode,
      message,
      ...(suggestion !== undefined && { suggestion }),
      ...(detail.retryAfterSeconds !== undefined && { retry_after: detail.retryAfterSeconds }),
      correlation_id: correlationId,
    },
    isError: true,
  };
}

/**
 * Anything that was thrown, as a GuardError: an unknown error becomes `internal` and is its cause, for the log.
 *
 * @example
 * ```ts
 * const { code } = asGuardError(new TypeError('x is not a function'));
 * ```
 */
export function asGuardError(thrown: unknown): GuardError {
  return thrown instanceof GuardError ? thrown : new GuardError('internal', { cause: thrown });
}
