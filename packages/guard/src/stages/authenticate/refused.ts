import { GuardError } from '../../errors.ts';

/**
 * Why a credential was refused: the `error_type` label of `mcp_token_validation_errors_total`. The caller never sees
 * it.
 */
export type TokenFault =
  | 'missing'
  | 'malformed'
  | 'algorithm'
  | 'header'
  | 'type'
  | 'issuer'
  | 'key'
  | 'signature'
  | 'claims'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'lifetime'
  | 'client'
  | 'bound'
  | 'scope'
  | 'api_key';

/** The same answer for every credential that is not accepted (RFC 6750 section 3.1). */
export function refused(fault: TokenFault, cause?: unknown): GuardError {
  return new GuardError('unauthenticated', {
    ...(fault !== 'missing' && { data: { error: 'invalid_token' } }),
    cause: new Error(`credential refused: ${fault}`, { cause }),
  });
}
