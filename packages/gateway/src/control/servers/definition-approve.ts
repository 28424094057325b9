/**
 * `POST /api/v1/servers/{name}/definitions/{kind}/{id}/approve`: what waits is served from now on. The caller names the
 * digest that was reviewed, so that a server that changed its definition meanwhile gets nothing approved.
 */
import type { PendingPin } from '@sallyport/guard';
import { z } from 'zod';
import { checkVersion } from '../api/etag.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { recordChange } from '../record-change.ts';
import {
  DEFINITION_PARAMS,
  definitionDetailSchema,
  detailOf,
  storedDefinition,
  versionOf,
  type StoredDefinition,
} from './definition-show.ts';

/** For operators of the whole installation: a definition is the same for every tenant. */
export const approveDefinition = route({
  method: 'POST',
  path: '/api/v1/servers/{name}/definitions/{kind}/{id}/approve',
  access: 'operator',
  everywhere: true,
  summary: 'Approve the definition that waits.',
  params: DEFINITION_PARAMS,
  body: z.strictObject({ digest: z.string().max(200).describe('Of what was reviewed.') }),
  ifMatch: 'optional',
  idempotent: true,
  errors: ['CONFLICT', 'PRECONDITION_FAILED', 'AUDIT_UNAVAILABLE'],
  response: definitionDetailSchema,
  async handle(
    { params, body, caller, ifMatch },
    deps: Pick<ApiDeps, 'servers' | 'pins' | 'audit' | 'clock' | 'changes'>,
  ) {
    const stored = await storedDefinition(deps, params);
    checkVersion(ifMatch, versionOf(stored));
    const { pin } = stored;
    const pending = reviewedDefinition(stored, body.digest);
    const { name: server, kind, id } = params;
    const { issuer, subject } = caller.principal.user;
    const target = { server, kind, name: id, digest: pending.digest };
    const before = { pinned_digest: pin?.digest ?? null };
    await recordChange(deps, caller, { operation: 'definition.approve', target, before }, async () => {
      const { seenAtMs: _seen, rejected: _rejected, ...definition } = pending;
      const approval = { approvedAtMs: deps.clock.now(), approvedBy: `${issuer} ${subject}` };
      await deps.pins.apply([{ kind: 'approve', pin: { ...definition, ...approval } }]);
      return { result: undefined, after: { pinned_digest: pending.digest } };
    });
    deps.changes.add({
      timeMs: deps.clock.now(),
      kind: 'definition',
      text: `${server}: ${kind} ${id} was approved`,
      by: subject,
    });
    const after = await storedDefinition(deps, params);
    return { value: detailOf(after), version: versionOf(after) };
  },
});

/** What waits, if it is what the caller reviewed. @throws ApiProblem */
export function reviewedDefinition({ pending }: StoredDefinition, digest: string): PendingPin {
  if (pending === undefined) throw new ApiProblem('CONFLICT', { detail: 'Nothing of this name waits for approval.' });
  if (pending.digest !== digest)
    throw new ApiProblem('CONFLICT', { detail: 'What waits is not what was reviewed: its digest differs.' });
  return pending;
}
