/** What changed since the same call was filed, so that its approval is for another call now. */
import type { FiledApproval } from '../approval-store.ts';
import type { JsonObject } from '../call.ts';
import { canonicalize } from '../json/canonical.ts';

/** @returns why `earlier` is not for the call of `later`; `undefined` when it is another call altogether. */
export function supersededBy(earlier: FiledApproval, later: CallOfRequest): string | undefined {
  if (earlier.status === 'denied' || earlier.digest === later.digest) return undefined;
  if (earlier.server !== later.server || earlier.tool !== later.tool) return undefined;
  const sameCaller = canonicalize(callerOf(earlier)) === canonicalize(callerOf(later));
  if (!sameCaller || canonicalize(earlier.arguments) !== canonicalize(later.arguments)) return undefined;
  if (earlier.definitionDigest !== later.definitionDigest) return 'The definition of the tool changed since then.';
  return earlier.revision === later.revision ? undefined : 'The policies changed since then.';
}

/** What a request says of its call. */
type CallOfRequest = Pick<
  FiledApproval,
  'digest' | 'requester' | 'agent' | 'server' | 'tool' | 'arguments' | 'definitionDigest' | 'revision'
>;

/** Another user, or the same user through another agent, makes another call. */
const callerOf = ({ requester, agent }: Pick<FiledApproval, 'requester' | 'agent'>): JsonObject => ({
  issuer: requester.issuer,
  subject: requester.subject,
  client: agent.clientId,
  actors: agent.actors,
});
