/**
 * `POST /api/v1/servers/{name}/access`: what of a server a user would be shown, and may call. It is judged by the
 * functions that judge calls (invariant 3), with the arguments not known. Nothing is executed.
 */
import type { Definition, Identity } from '@sallyport/guard';
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { approvalOf, decidingPolicy, decidingSchema } from '../policies/explain.ts';
import { openRequestOf, recordTrial, TRIAL_CALLER, trialIdentity } from '../policies/trial.ts';
import { KINDS } from './definitions.ts';
import { configuredServer, SERVER_PARAMS } from './show.ts';

const accessSchema = z
  .object({
    kind: z.enum(KINDS),
    name: z.string(),
    visible: z.boolean().describe('Whether the user may know of it. What is not visible cannot be called.'),
    call: z
      .enum(['allowed', 'needs_approval', 'depends_on_arguments', 'refused'])
      .describe('`depends_on_arguments`: also what depends on the session, the address or the time of the call.'),
    policies: z.array(decidingSchema).describe('Those that decide, or may decide by the arguments.'),
    approval: z
      .object({
        approvers: z.array(z.string()),
        required: z.int(),
        source: z.string(),
        depends_on_arguments: z.boolean().describe('Whether some arguments need no approval.'),
      })
      .optional(),
  })
  .meta({ id: 'Access' });

type Access = z.input<typeof accessSchema>;
type Deps = Pick<ApiDeps, 'audit' | 'clock' | 'installation' | 'servers' | 'trials'>;

/** A server that offers more is no server that anybody reads through. */
export const ACCESS_ITEMS_MAX = 5_000;

/** By kind and name. */
export const getAccess = route({
  method: 'POST',
  path: '/api/v1/servers/{name}/access',
  access: 'auditor',
  orRole: 'operator',
  summary: 'What of a server a user would be shown, and may call, by the policies in force. Nothing is executed.',
  params: z.strictObject(SERVER_PARAMS),
  body: z.strictObject(TRIAL_CALLER),
  errors: ['AUDIT_UNAVAILABLE'],
  response: z.object({
    revision: z.string().describe('Of the policies.'),
    items: z.array(accessSchema).describe(`Approved tools, prompts and resources, at most ${ACCESS_ITEMS_MAX}.`),
  }),
  async handle({ params, body, caller }, deps: Deps) {
    configuredServer(deps, params.name);
    const identity = trialIdentity(body, caller);
    const items = deps.servers
      .definitions(params.name)
      .filter(({ kind }) => kind !== 'server')
      .slice(0, ACCESS_ITEMS_MAX)
      .map((definition) => accessOf(identity, definition, deps))
      .sort((a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name));
    const target = { kind: 'servers', servers: [params.name] };
    await recordTrial(deps, caller, 'policy.access', { identity, target }, `${items.length} definitions`);
    return { value: { revision: deps.installation().policies.revision, items } };
  },
});

const compareText = (a: string, b: string): number => Number(a > b) - Number(a < b);

function accessOf(identity: Identity, definition: Definition, { trials, installation }: Deps): Access {
  const { engine, policies: sources } = installation().policies;
  const { kind, name } = definition;
  const request = openRequestOf(identity, definition);
  const { effect, grant } = engine.decide(request);
  const visible = trials.mayList(identity, definition);
  // Without arguments a policy that reads them permits nothing: what is visible still may be allowed with some.
  const maybe = effect === 'deny' && visible ? trials.couldPermit(request) : [];
  const policies = [...new Set([...grant.policies, ...maybe])].map((id) => decidingPolicy(sources, id));
  if (!visible) return { kind, name, visible, call: 'refused', policies };
  if (effect === 'deny') return { kind, name, visible, call: 'depends_on_arguments', policies };
  const asked = trials.demand(request, grant);
  if (asked === undefined) return { kind, name, visible, call: 'allowed', policies };
  const depends = !trials.isDemandCertain(request, grant);
  const approval = { ...approvalOf(asked), depends_on_arguments: depends };
  return { kind, name, visible, call: 'needs_approval', policies, approval };
}
