/**
 * `POST /api/v1/servers/{name}/definitions/{kind}/{id}/reject`: a person says no to what waits. It was not served
 * before, and is not served now; it waits no more until the server shows another one.
 */
import { z } from 'zod';
import { checkVersion } from '../api/etag.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { recordChange } from '../record-change.ts';
import { reviewedDefinition } from './definition-approve.ts';
import { DEFINITION_PARAMS, definitionDetailSchema, detailOf, storedDefinition, versionOf } from './definition-show.ts';

/** Somebody else may approve it nevertheless. */
export const rejectDefinition = route({
  method: 'POST',
  path: '/api/v1/servers/{name}/definitions/{kind}/{id}/reject',
  access: 'operator',
  everywhere: true,
  summary: 'Say no to the definition that waits.',
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
    const { server, kind, name, digest } = reviewedDefinition(stored, body.digest);
    const { issuer, subject } = caller.principal.user;
    const rejected = { atMs: deps.clock.now(), by: `${issuer} ${subject}` };
    const target = { server, kind, name: params.id, digest };
    const before = { state: stored.view.state };
    await recordChange(deps, caller, { operation: 'definition.reject', target, before }, async () => {
      await deps.pins.apply([{ kind: 'reject', pending: { server, kind, name, digest, rejected } }]);
      return { result: undefined, after: { state: 'rejected' } };
    });
    const text = `${server}: ${kind} ${params.id} was rejected`;
    deps.changes.add({ timeMs: rejected.atMs, kind: 'definition', text, by: subject });
    const after = await storedDefinition(deps, params);
    return { value: detailOf(after), version: versionOf(after) };
  },
});
