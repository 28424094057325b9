import type { Agent, JsonObject } from '../../call.ts';
import { claimAt, type JwtIssuer } from './issuer.ts';
import { describeFound, refused } from './refused.ts';

const ACTORS_MAX = 4;

/**
 * O14: which software presents the token, whether it is allowed, and the actors that it acts for (RFC 8693 section
 * 4.1).
 */
export function checkAgent(payload: JsonObject, issuer: JwtIssuer): Agent {
  const claimed = claimAt(payload, issuer.claims.agent) ?? payload['azp'];
  const of = {
    claim: issuer.claims.agent,
    found: describeFound(claimed),
    accept: 'identity.issuers[].allowedClients or claims.agent',
  };
  if (claimed !== undefined && (typeof claimed !== 'string' || claimed === '')) throw refused('client', { of });
  if (issuer.allowedClients !== undefined && (claimed === undefined || !issuer.allowedClients.includes(claimed)))
    throw refused('client', { of });
  const actors: string[] = [];
  for (let act: unknown = payload['act']; act !== undefined; act = (act as JsonObject)['act']) {
    const subject = typeof act === 'object' && act !== null ? (act as JsonObject)['sub'] : undefined;
    if (typeof subject !== 'string' || actors.length === ACTORS_MAX) throw refused('claims');
    actors.push(subject);
  }
  return { clientId: claimed ?? '', actors };
}
