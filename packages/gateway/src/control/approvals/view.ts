/** A request for approval as the control API shows it, and to whom. */
import {
  asObject,
  checkMayDecide,
  demandsOf,
  GuardError,
  isSamePerson,
  isSelected,
  jsonDigest,
  selectorText,
  uninspectableParts,
  statusAt,
  type ApproverSelector,
  type FiledApproval,
  type ShownFirst,
} from '@sallyport/guard';
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import type { ApiDeps } from '../deps.ts';
import { needsStepUp } from './step-up.ts';

/** Where a request stands, in the words of the API. */
export const STATUSES = ['pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed', 'superseded'] as const;

type Status = (typeof STATUSES)[number];

const person = z.object({ issuer: z.string(), subject: z.string() }).meta({ id: 'Person' });
const requester = z
  .object({ ...person.shape, name: z.string().optional(), email: z.string().optional().describe('Verified.') })
  .meta({ id: 'Requester' });
const time = z.iso.datetime();

/** One request for approval. */
export const approvalSchema = z
  .object({
    id: z.string(),
    version: z.int(),
    status: z.enum(STATUSES),
    created_at: time,
    expires_at: time,
    decided_at: time.optional(),
    requester,
    agent: z.object({ client_id: z.string(), actors: z.array(z.string()) }),
    tenant: z.string(),
    server: z.string(),
    tool: z.string(),
    description: z.string().optional().describe('Of the approved definition.'),
    destructive: z.boolean().describe('Whether the approved definition says that it destroys.'),
    arguments: z.record(z.string(), z.unknown()).describe('Whole: exactly what would be sent.'),
    arguments_digest: z.string(),
    digest: z.string().describe('Over everything that the approval is for.'),
    definition_digest: z.string(),
    policy_revision: z.string(),
    source: z.string().describe('The rule or the policy that asks.'),
    required: z.int().describe('How many people must approve.'),
    distinct: z.boolean().describe('Whether each of them must come from another entry of `approvers`.'),
    approvers: z.array(z.string()),
    decisions: z.array(
      z.object({
        by: person,
        verdict: z.enum(['approve', 'deny']),
        as: z.string(),
        reason: z.string().optional(),
        channel: z.string(),
        at: time,
      }),
    ),
    ended_because: z.string().optional(),
    execution: z
      .enum(['unknown', 'finished', 'failed'])
      .optional()
      .describe(
        'Of a consumed approval: `unknown` until the call has ended, and for ever when its process was killed.',
      ),
    uninspectable: z
      .array(z.object({ path: z.string().describe('JSON pointer into the arguments.'), why: z.string() }))
      .describe('What nobody can judge by reading it: encoded text, commands that are piped to a shell …'),
    shown_first: z
      .object({ text: z.string().optional(), arguments: z.array(z.string()).optional() })
      .optional()
      .describe('What the rule wants approvers to see first.'),
    may_decide: z.boolean().describe('Whether the caller may decide now.'),
    why_not: z.string().optional(),
    passkey_required: z.boolean().describe('Whether a yes of the caller must be signed with a passkey.'),
    step_up_required: z.boolean().describe('Whether a yes of the caller needs a fresh sign-in first.'),
  })
  .meta({ id: 'Approval' });

/** Whether the caller may see a request: a reader, the requester, or somebody who may decide about it. */
export function maySee({ principal, tenant, roles }: ApiCaller, filed: FiledApproval): boolean {
  if (filed.tenant !== tenant.id) return false;
  if (roles.has('viewer')) return true;
  if (isSamePerson(filed.requester, principal.user)) return true;
  return approversOf(filed).some((selector) => isSelected(selector, principal));
}

/** Of every demand of the request. */
const approversOf = ({ demand }: FiledApproval): readonly ApproverSelector[] =>
  demandsOf(demand).flatMap(({ approvers }) => approvers);

/** Whether the caller is asked about requests, and of which status. */
export const statusOf: (filed: FiledApproval, nowMs: number) => Status = statusAt;

const shownFirst = ({ text, arguments: names }: ShownFirst) => ({
  ...(text !== undefined && { text }),
  ...(names !== undefined && { arguments: [...names] }),
});

const timeText = (ms: number): string => new Date(ms).toISOString();

/** The JSON of a request. The arguments are whole: who approves must see exactly what would be sent. */
export function viewOf(
  filed: FiledApproval,
  caller: ApiCaller,
  { clock, toolOf }: Pick<ApiDeps, 'clock' | 'toolOf'>,
): z.input<typeof approvalSchema> {
  const definition = toolOf(filed.server, filed.tool);
  const document = definition?.digest === filed.definitionDigest ? definition.document : {};
  const { description, annotations } = document;
  const last = filed.decisions.at(-1);
  const whyNot = whyNotOf(filed, caller, clock.now());
  return {
    id: filed.id,
    version: filed.version,
    status: statusOf(filed, clock.now()),
    created_at: timeText(filed.createdAtMs),
    expires_at: timeText(filed.expiresAtMs),
    ...(last !== undefined && filed.status !== 'pending' && { decided_at: timeText(last.atMs) }),
    requester: filed.requester,
    agent: { client_id: filed.agent.clientId, actors: [...filed.agent.actors] },
    tenant: filed.tenant,
    server: filed.server,
    tool: filed.tool,
    ...(typeof description === 'string' && { description }),
    destructive: asObject(annotations)['destructiveHint'] === true,
    arguments: filed.arguments,
    arguments_digest: jsonDigest(filed.arguments),
    digest: filed.digest,
    definition_digest: filed.definitionDigest,
    policy_revision: filed.revision,
    source: demandsOf(filed.demand)
      .map(({ source }) => source)
      .join(', '),
    required: filed.demand.required,
    distinct: filed.demand.distinct,
    approvers: [...new Set(approversOf(filed).map(selectorText))],
    decisions: filed.decisions.map(({ by, verdict, as, reason, channel, atMs }) => ({
      by,
      verdict,
      as: selectorText(as),
      ...(reason !== undefined && { reason }),
      channel,
      at: timeText(atMs),
    })),
    ...(filed.endedBecause !== undefined && { ended_because: filed.endedBecause }),
    ...(filed.execution !== undefined && { execution: filed.execution }),
    uninspectable: [...uninspectableParts(filed.arguments)],
    ...(filed.demand.show !== undefined && { shown_first: shownFirst(filed.demand.show) }),
    may_decide: whyNot === undefined,
    ...(whyNot !== undefined && { why_not: whyNot }),
    passkey_required: whyNot === undefined && filed.demand.passkey !== undefined,
    step_up_required: whyNot === undefined && needsStepUp(filed, caller, clock.now()),
  };
}

function whyNotOf(filed: FiledApproval, { principal }: ApiCaller, nowMs: number): string | undefined {
  if (statusOf(filed, nowMs) !== 'pending') return 'The request does not wait any more.';
  try {
    checkMayDecide(filed, principal);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof GuardError) return thrown.message;
    throw thrown;
  }
}
