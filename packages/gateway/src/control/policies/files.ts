/** `GET /api/v1/policies`: the policies in force, as they were written. */
import { basename } from 'node:path';
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import type { PolicySource } from '../overview/installation.ts';

/** The line of a policy in its file, from 1. */
export const lineOf = ({ fileText, offset }: PolicySource): number => fileText.slice(0, offset).split('\n').length;

/** All files that were loaded. */
export const getPolicies = route({
  method: 'GET',
  path: '/api/v1/policies',
  access: 'auditor',
  summary: 'The policies in force.',
  response: z.object({
    revision: z.string(),
    files: z.array(
      z.object({
        name: z.string(),
        text: z.string(),
        policies: z.array(z.object({ id: z.string(), effect: z.enum(['permit', 'forbid']), line: z.int() })),
      }),
    ),
  }),
  handle(_request, { installation }: Pick<ApiDeps, 'installation'>) {
    const { policies, revision } = installation().policies;
    const files = Map.groupBy(policies, ({ file }) => file);
    return {
      value: {
        revision,
        files: [...files].map(([file, inFile]) => ({
          // The folder is a path of the machine, which concerns nobody here.
          name: basename(file),
          text: inFile[0]?.fileText ?? '',
          policies: inFile.map((policy) => ({ id: policy.id, effect: policy.json.effect, line: lineOf(policy) })),
        })),
      },
      version: revision,
    };
  },
});
