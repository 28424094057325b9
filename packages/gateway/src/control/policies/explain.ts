/** `POST /api/v1/policies/explain`: what the policies say of a call, and which of them. */
import { selectorText } from '@sallyport/guard';
import type { CallDemand } from '@sallyport/guard/stages';
import { basename } from 'node:path';
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import type { PolicySource } from '../overview/installation.ts';
import { lineOf } from './files.ts';
import { policyRequestOf, recordTrial, TRIAL_BODY, trialOf, type Trial } from './trial.ts';

/** A policy that decided, and where it stands. */
export const decidingSchema = z
  .object({ id: z.string(), effect: z.string(), file: z.string().optional(), line: z.int().optional() })
  .meta({ id: 'DecidingPolicy' });

/** What the policies say. */
export const explanationSchema = z
  .object({
    decision: z.enum(['allow', 'deny', 'needs_approval', 'not_visible']),
    policies: z.array(decidingSchema).describe('Those that decided.'),
    approval: z
      .object({ approvers: z.array(z.string()), required: z.int(), source: z.string() })
      .optional()
      .describe('Whom the call would wait for.'),
    revision: z.string(),
    errors: z.array(z.string()).describe('Policies that failed: an error denies.'),
  })
  .meta({ id: 'Explanation' });

type Explanation = z.input<typeof explanationSchema>;

/** Judges the policies alone; `…/try` judges the whole call. */
export const explainPolicies = route({
  method: 'POST',
  path: '/api/v1/policies/explain',
  access: 'operator',
  summary: 'What the policies say of a call.',
  body: TRIAL_BODY,
  errors: ['AUDIT_UNAVAILABLE'],
  response: explanationSchema,
  async handle({ body, caller }, deps: Pick<ApiDeps, 'trials' | 'installation' | 'audit' | 'clock'>) {
    const trial = trialOf(body, caller, deps);
    const explanation = explain(trial, deps);
    const about = { identity: trial.identity, target: { ...trial.call.target } };
    await recordTrial(deps, caller, 'policy.explain', about, explanation.decision);
    return { value: explanation };
  },
});

function explain(trial: Trial, { trials, installation }: Pick<ApiDeps, 'trials' | 'installation'>): Explanation {
  const { engine, policies: sources, revision } = installation().policies;
  const { definition, identity } = trial;
  if (definition === undefined) return { decision: 'not_visible', policies: [], revision, errors: [] };
  const request = policyRequestOf(trial, definition);
  const decision = engine.decide(request);
  const policies = decision.grant.policies.map((id) => decidingPolicy(sources, id));
  const errors = decision.effect === 'deny' && decision.error !== undefined ? [decision.error] : [];
  const found = { policies, revision, errors };
  if (!trials.mayList(identity, definition)) return { decision: 'not_visible', ...found };
  if (decision.effect === 'deny') return { decision: 'deny', ...found };
  const demand = trials.demand(request, decision.grant);
  if (demand === undefined) return { decision: 'allow', ...found };
  return { decision: 'needs_approval', approval: approvalOf(demand), ...found };
}

/** A policy by its id, with its place. */
export function decidingPolicy(sources: readonly PolicySource[], id: string): z.input<typeof decidingSchema> {
  const source = sources.find((candidate) => candidate.id === id);
  if (source === undefined) return { id, effect: '' };
  return { id, effect: source.json.effect, file: basename(source.file), line: lineOf(source) };
}

/** Whom a call waits for, in words. */
export const approvalOf = ({ demand }: CallDemand): { approvers: string[]; required: number; source: string } => ({
  approvers: demand.approvers.map(selectorText),
  required: demand.required,
  source: demand.source,
});
