/**
 * Error codes of JSON-RPC 2.0 (section 5.1) and of MCP, by name. Codes that the gateway raises itself come from the
 * guard's table of errors; the others are those that only a peer sends.
 */
import { ERRORS } from '@sallyport/guard';

/** By what each code means. */
export const RPC_ERROR = {
  invalidRequest: ERRORS.invalid_request.jsonRpc,
  methodNotFound: ERRORS.method_not_found.jsonRpc,
  invalidParams: ERRORS.invalid_params.jsonRpc,
  internal: ERRORS.internal.jsonRpc,
  headerMismatch: ERRORS.header_mismatch.jsonRpc,
  missingClientCapability: ERRORS.missing_client_capability.jsonRpc,
  unsupportedVersion: ERRORS.unsupported_protocol_version.jsonRpc,
  /** The user or the client refused what the server asked for (MCP, client/sampling). */
  refusedByClient: -1,
  /** The first code for implementations. The SDK v1 sends it for an unsupported protocol version. */
  serverError: -32000,
  /** Legacy revisions only; since 2026-07-28 a missing resource is `invalidParams`. */
  resourceNotFound: -32002,
  /** 2025-11-25 only; since 2026-07-28 a server asks with `input_required` instead. */
  urlElicitationRequired: -32042,
} as const;

/** JSON-RPC 2.0, section 5.1: applications choose their codes outside of -32768…-32000. */
export const isApplicationCode = (code: number): boolean =>
  Number.isSafeInteger(code) && (code < -32768 || code > -32000);
