/** An error as a JSON-RPC error. The table `ERRORS` of the guard decides; this file adds what differs by revision. */
import { isObject, type ErrorCode, type GuardError, type Json, type JsonObject } from '@sallyport/guard';
import { RPC_ERROR } from '../../mcp/error-codes.ts';
import { errorMessage, type RequestId } from '../../mcp/json-rpc.ts';
import type { AnsweredRequest, RenderedResponse } from './rendered-response.ts';

/**
 * @param id `null` when there is none to answer: the body then has no `id` (MCP, unlike JSON-RPC, has no `null` there).
 * @param request `undefined` for a message that could not be read.
 */
export function renderError(
  error: GuardError,
  id: RequestId | null,
  correlationId: string,
  request?: AnsweredRequest,
): RenderedResponse {
  const { row, detail, message } = error;
  const relayed = detail.rpc;
  const data: JsonObject =
    relayed === undefined
      ? {
          ...detail.data,
          ...notFoundUri(error, request),
          error_code: row.errorCode,
          correlation_id: correlationId,
          ...(detail.retryAfterSeconds !== undefined && { retry_after: detail.retryAfterSeconds }),
        }
      : { ...(isObject(relayed.data) ? relayed.data : {}), correlation_id: correlationId };
  const code = relayedCode(relayed?.code, request) ?? legacyCode(error, request) ?? row.jsonRpc;
  return {
    status: statusOf(error, request),
    bytes: Buffer.from(JSON.stringify(errorMessage(id, { code, message, data }))),
    headers: {},
  };
}

/** Legacy clients read JSON-RPC errors only from responses with status 200; any other status is a failed transport. */
const STATUS_200_FOR_LEGACY = new Set<ErrorCode>(['method_not_found', 'invalid_params']);

const STATUS_400_FOR_MODERN: ReadonlySet<number> = new Set([
  RPC_ERROR.headerMismatch,
  RPC_ERROR.missingClientCapability,
  RPC_ERROR.unsupportedVersion,
]);

/** 2026-07-28 shows some errors in the HTTP status, also when the server behind the gateway raised them. */
function statusOf(error: GuardError, request: AnsweredRequest | undefined): number {
  const code = error.detail.rpc?.code;
  if (code === undefined)
    return request?.era === 'legacy' && STATUS_200_FOR_LEGACY.has(error.code) ? 200 : error.row.http;
  if (request?.era !== 'modern') return 200;
  if (code === RPC_ERROR.methodNotFound) return 404;
  return STATUS_400_FOR_MODERN.has(code) ? 400 : 200;
}

/** 2026-07-28 has no code of its own for a missing resource. */
const relayedCode = (code: number | undefined, request: AnsweredRequest | undefined): number | undefined =>
  code === RPC_ERROR.resourceNotFound && request?.era === 'modern' ? RPC_ERROR.invalidParams : code;

const namesResource = (request: AnsweredRequest | undefined): boolean =>
  request?.method === 'resources/read' || request?.method === 'resources/subscribe';

const legacyCode = (error: GuardError, request: AnsweredRequest | undefined): number | undefined =>
  error.code === 'not_found' && request?.era === 'legacy' && namesResource(request)
    ? RPC_ERROR.resourceNotFound
    : undefined;

const notFoundUri = (error: GuardError, request: AnsweredRequest | undefined): JsonObject =>
  error.code === 'not_found' && namesResource(request) ? { uri: request?.params['uri'] as Json } : {};
