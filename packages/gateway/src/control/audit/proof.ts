/**
 * `GET /api/v1/audit/{log}/proof/{index}`: a record, as it was hashed, with everything that proves that it is in the
 * log. The page checks it by itself, so that nobody need believe the gateway.
 */
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { logOwner, SCOPE } from '../calls/scope.ts';
import { ApiProblem, type ProblemCode } from '../problem.ts';

const base64 = z.base64();

/** Why there is no proof. */
const NO_PROOF: Readonly<Record<'no_record' | 'not_signed_yet' | 'damaged', readonly [ProblemCode, string]>> = {
  no_record: ['NOT_FOUND', 'There is no such record.'],
  not_signed_yet: ['CONFLICT', 'No checkpoint covers this record yet; the next one is signed within a second or two.'],
  damaged: ['CONFLICT', 'The log does not fit its checkpoint: run sallyport audit verify.'],
};

/** Of the caller's tenant, or of the gateway. */
export const getProof = route({
  method: 'GET',
  path: '/api/v1/audit/{log}/proof/{index}',
  access: 'auditor',
  summary: 'A record with the proof that it is in the log that was signed.',
  params: z.strictObject({
    log: z.string().regex(/^[a-z]+(-\d{1,4})?$/),
    index: z
      .string()
      .regex(/^(0|[1-9]\d{0,14})$/)
      .transform(Number),
  }),
  query: z.strictObject(SCOPE),
  errors: ['CONFLICT', 'RATE_LIMITED'],
  response: z.object({
    index: z.int(),
    size: z.int().describe('Records that the checkpoint covers.'),
    leaf: base64.describe('The exact bytes of the record.'),
    leaf_hash: base64,
    path: z.array(base64).describe('RFC 6962, from the leaf to the root.'),
    checkpoint: z.string().describe('Signed note (C2SP tlog-checkpoint).'),
    key: z.string().describe('C2SP verifier key that signed it. Compare it with one from elsewhere.'),
  }),
  async handle({ params, query, caller }, { records }: Pick<ApiDeps, 'records'>) {
    const proof = await records.prove(logOwner(caller, query.scope), params.log, params.index);
    if (typeof proof === 'string') {
      const [code, detail] = NO_PROOF[proof];
      throw new ApiProblem(code, { detail });
    }
    const { index, size, leaf, leafHash, path, checkpoint, key } = proof;
    return {
      value: {
        index,
        size,
        leaf: leaf.toString('base64'),
        leaf_hash: leafHash.toString('base64'),
        path: path.map((hash) => hash.toString('base64')),
        checkpoint,
        key,
      },
    };
  },
});
