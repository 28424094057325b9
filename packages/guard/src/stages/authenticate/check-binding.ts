import type { Credentials, JsonObject } from '../../call.ts';
import { isObject } from '../../json/is-object.ts';
import { proofRefused } from './dpop/proof.ts';
import type { JwtIssuer } from './issuer.ts';
import { describeFound, refused } from './refused.ts';

const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/**
 * The key that a token is bound to (RFC 7800 `cnf`, RFC 9449 section 6.1).
 *
 * @returns its thumbprint; `undefined` for a bearer token.
 * @throws GuardError `unauthenticated` for a token that is bound in a way that cannot be checked here.
 */
export function boundKey({ cnf }: JsonObject): string | undefined {
  if (cnf === undefined) return undefined;
  const jkt = isObject(cnf) && Object.keys(cnf).length === 1 ? cnf['jkt'] : undefined;
  if (typeof jkt === 'string' && THUMBPRINT.test(jkt)) return jkt;
  const found = isObject(cnf) ? describeFound(Object.keys(cnf)) : typeof cnf;
  throw refused('bound', { of: { claim: 'cnf', found, accept: 'a token that is bound by jkt alone, or not at all' } });
}

/**
 * O18: a token that is bound to a key comes with a proof of exactly that key, and a token that is not bound has none: a
 * proof beside it would say nothing.
 */
export function checkBinding(bound: string | undefined, credentials: Credentials, issuer: JwtIssuer): void {
  const proven = credentials.kind === 'dpop' ? credentials.keyThumbprint : undefined;
  if (bound !== proven)
    throw refused('bound', {
      of: { claim: 'cnf.jkt', found: bound === undefined ? 'absent' : 'of another key', accept: PROOF },
      data: { error: credentials.kind === 'dpop' ? 'invalid_dpop_proof' : 'invalid_token' },
    });
  if (bound === undefined && issuer.senderConstrained)
    throw refused('bound', {
      of: { claim: 'cnf', found: 'absent', accept: 'identity.issuers[].senderConstrained: false' },
    });
  if (credentials.kind === 'dpop' && !credentials.isFirstUse()) throw proofRefused('jti', 'used before');
}

const PROOF = 'the scheme DPoP with a proof of the key that the token is bound to, or Bearer for a token without one';
