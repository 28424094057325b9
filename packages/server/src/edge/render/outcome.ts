/** The response to one request, out of the outcome of its call. */
import { refusalResult, type ErrorCode, type GuardError, type JsonObject, type Outcome } from '@sallyport/guard';
import { responseBytes } from '@sallyport/guard/json';
import { approvalQuestion, urlElicitationRequired } from '../eras/approval-wait.ts';
import { renderError } from './error.ts';
import type { AnsweredRequest, RenderedResponse } from './rendered-response.ts';
import { modernResult, renderResult, resultMeta } from './result.ts';

/** Refusals that a model can act on: a refused `tools/call` returns them as a tool result with `isError`. */
const FOR_THE_MODEL = new Set<ErrorCode>([
  'invalid_input',
  'not_permitted',
  'rate_limited',
  'approval_required',
  'approval_refused',
  'quarantined',
  'upstream_failed',
  'upstream_timeout',
  'output_blocked',
  'result_withheld',
  'interrupted',
]);

/** The JSON-RPC response for an outcome: a result, an error, or a tool result with `isError`. */
export function renderOutcome(outcome: Outcome, request: AnsweredRequest): RenderedResponse {
  if (outcome.status === 'success')
    return { status: 200, bytes: responseBytes(request.id, renderResult(outcome.result, request)), headers: {} };
  const { error } = outcome;
  const headers = errorHeaders(error);
  const isForTheModel =
    request.method === 'tools/call' &&
    outcome.principal !== undefined &&
    error.detail.rpc === undefined &&
    (FOR_THE_MODEL.has(error.code) || (outcome.executed && error.code === 'internal'));
  if (!isForTheModel) return { ...renderError(error, request.id, outcome.correlationId, request), headers };
  const legacyQuestion = legacyApprovalError(error, request);
  if (legacyQuestion !== undefined)
    return { ...renderError(legacyQuestion, request.id, outcome.correlationId, request), headers };
  const result = approvalResult(error, request) ?? toolError(error, outcome.correlationId, request);
  return { status: 200, bytes: responseBytes(request.id, result), headers };
}

/** Headers that the error itself asks for: rate limits, and when to try again. */
export const errorHeaders = ({ detail }: GuardError): Readonly<Record<string, string>> => ({
  ...detail.headers,
  ...(detail.retryAfterSeconds !== undefined && { 'Retry-After': String(Math.ceil(detail.retryAfterSeconds)) }),
});

function legacyApprovalError(error: GuardError, request: AnsweredRequest): GuardError | undefined {
  const { era, capabilities, protocolVersion } = request;
  if (era !== 'legacy' || capabilities === undefined || protocolVersion === undefined) return undefined;
  return urlElicitationRequired(error, capabilities, protocolVersion);
}

/** `input_required`, which shows the page of an approval; `undefined` for clients that open no addresses. */
function approvalResult(error: GuardError, request: AnsweredRequest): JsonObject | undefined {
  const { era, capabilities, params } = request;
  const question =
    era === 'modern' && capabilities !== undefined ? approvalQuestion(error, params, capabilities) : undefined;
  return question && modernResult(question, request);
}

const toolError = (error: GuardError, correlationId: string, request: AnsweredRequest): JsonObject => ({
  ...refusalResult(error, correlationId),
  ...(request.era === 'modern' && { resultType: 'complete', _meta: resultMeta(undefined, request) }),
});
