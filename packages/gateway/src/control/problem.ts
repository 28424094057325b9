/** Errors of the control API: RFC 9457 problem details. */
import { asGuardError, ERRORS, type ErrorCode } from '@sallyport/guard';
import type { EndpointResponse } from './endpoint.ts';

/** HTTP status of the control API for an error of the guard; other codes are what they are for tool calls. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  not_found: 404,
  not_permitted: 403,
  invalid_input: 400,
  audit_unavailable: 503,
};

/** A problem document. `code` is the machine-readable name, as in the errors of tool calls. */
export function problem(status: number, code: string, detail: string): EndpointResponse {
  const body = `${JSON.stringify({ type: 'about:blank', status, code, detail })}\n`;
  return { status, type: 'application/problem+json', body };
}

/** @throws what is no error of the guard, or an internal one: the router answers it with status 500. */
export function problemOf(thrown: unknown): EndpointResponse {
  const error = asGuardError(thrown);
  const status = STATUS[error.code] ?? 500;
  if (status === 500) throw thrown;
  return problem(status, ERRORS[error.code].errorCode, error.message);
}
