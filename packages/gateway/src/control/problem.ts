/** Errors of the control API: RFC 9457 problem details. */
import { asGuardError, ERRORS, type ErrorCode } from '@sallyport/guard';
import type { EndpointResponse } from './endpoint.ts';

/** Every problem that the control API has: status and title by code. */
export const PROBLEMS = {
  INVALID_REQUEST: [400, 'The request is malformed.'],
  INVALID_ARGUMENT: [400, 'A value of the request is not valid.'],
  UNAUTHENTICATED: [401, 'A credential is required.'],
  PERMISSION_DENIED: [403, 'The caller may not do this.'],
  FORBIDDEN_ORIGIN: [403, 'The Host or Origin header is not allowed.'],
  CSRF: [403, 'The request is not from a page of this listener.'],
  STEP_UP_REQUIRED: [403, 'The caller must sign in again for this.'],
  NOT_FOUND: [404, 'This does not exist.'],
  METHOD_NOT_ALLOWED: [405, 'This method is not offered here.'],
  CONFLICT: [409, 'The state of the resource does not allow this.'],
  PRECONDITION_FAILED: [412, 'The resource was changed meanwhile.'],
  PAYLOAD_TOO_LARGE: [413, 'The body is too large.'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body must be UTF-8 application/json without content encoding.'],
  IDEMPOTENCY_KEY_REUSED: [422, 'The idempotency key was used for another request.'],
  PRECONDITION_REQUIRED: [428, 'The request must say which version it changes (If-Match).'],
  RATE_LIMITED: [429, 'There were too many requests.'],
  INTERNAL: [500, 'An internal error occurred.'],
  UNAVAILABLE: [503, 'The gateway cannot do this now.'],
  APPROVALS_UNAVAILABLE: [503, 'Requests for approval cannot be kept now.'],
  AUDIT_UNAVAILABLE: [503, 'The change could not be recorded, so it was not made.'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

/** The machine-readable name of a problem. */
export type ProblemCode = keyof typeof PROBLEMS;

/** One value of a request that is not valid. */
export interface InvalidValue {
  readonly in: 'query' | 'body';
  /** JSON Pointer (RFC 6901). */
  readonly pointer: string;
  readonly message: string;
}

/** What a problem adds to its row. */
export interface ProblemDetail {
  readonly detail?: string;
  readonly errors?: readonly InvalidValue[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by an endpoint: the router answers it with a problem document. Its text goes to the caller. */
export class ApiProblem extends Error {
  readonly code: ProblemCode;
  readonly more: ProblemDetail;

  constructor(code: ProblemCode, more: ProblemDetail = {}) {
    super(more.detail ?? PROBLEMS[code][1]);
    this.name = 'ApiProblem';
    this.code = code;
    this.more = more;
  }
}

/** The problem document. */
export function problem(code: ProblemCode, { detail, errors, headers }: ProblemDetail = {}): EndpointResponse {
  const [status, title] = PROBLEMS[code];
  const type = `urn:sallyport:problem:${code.toLowerCase().replaceAll('_', '-')}`;
  const document = { type, title, status, code, detail: detail ?? title, ...(errors !== undefined && { errors }) };
  return {
    status,
    type: 'application/problem+json',
    body: `${JSON.stringify(document)}\n`,
    ...(headers !== undefined && { headers }),
  };
}

/** What errors of the guard are here; other codes are internal. */
const CODES: Readonly<Partial<Record<ErrorCode, ProblemCode>>> = {
  not_found: 'NOT_FOUND',
  not_permitted: 'PERMISSION_DENIED',
  invalid_input: 'INVALID_ARGUMENT',
  invalid_params: 'INVALID_ARGUMENT',
  rate_limited: 'RATE_LIMITED',
  unavailable: 'UNAVAILABLE',
  approvals_unavailable: 'APPROVALS_UNAVAILABLE',
  audit_unavailable: 'AUDIT_UNAVAILABLE',
};

/** @returns the document for what an endpoint threw; `undefined` for what is no business of the caller. */
export function problemOf(thrown: unknown): EndpointResponse | undefined {
  if (thrown instanceof ApiProblem) return problem(thrown.code, { detail: thrown.message, ...thrown.more });
  const error = asGuardError(thrown);
  const code = CODES[error.code];
  if (code === undefined) return undefined;
  const { retryAfterSeconds } = error.detail;
  const detail = error.message === ERRORS[error.code].message ? {} : { detail: error.message };
  const headers = retryAfterSeconds === undefined ? {} : { headers: { 'Retry-After': String(retryAfterSeconds) } };
  return problem(code, { ...detail, ...headers });
}
