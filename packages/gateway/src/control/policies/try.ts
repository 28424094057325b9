/** `POST /api/v1/policies/try`: a call through every stage that can be judged without making it. */
import type { ErrorCode, GuardError, StageName } from '@sallyport/guard';
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { approvalOf } from './explain.ts';
import { policyRequestOf, recordTrial, TRIAL_BODY, trialOf, type Trial } from './trial.ts';

const resultSchema = z.enum(['passed', 'refused', 'waits', 'not_judged', 'not_reached']);

/** What would happen. */
export const trialSchema = z
  .object({
    stages: z.array(z.object({ stage: z.string(), result: resultSchema, detail: z.string() })),
    outcome: z.enum(['would_be_executed', 'would_wait_for_approval', 'would_be_refused']),
    error_code: z.string().optional(),
  })
  .meta({ id: 'Trial' });

type Result = z.output<typeof resultSchema>;
type Outcome = z.input<typeof trialSchema>;

/** Executes nothing, files nothing, and takes nothing from a budget. */
export const tryCall = route({
  method: 'POST',
  path: '/api/v1/policies/try',
  access: 'operator',
  summary: 'What would become of a call, stage by stage. It is not executed.',
  body: TRIAL_BODY,
  errors: ['AUDIT_UNAVAILABLE'],
  response: trialSchema,
  async handle({ body, caller }, deps: Pick<ApiDeps, 'trials' | 'installation' | 'audit' | 'clock'>) {
    const trial = trialOf(body, caller, deps);
    const refusal = await deps.trials.judge(trial.call);
    const outcome = refusal === undefined ? approvalStage(trial, deps) : refused(refusal);
    const about = { identity: trial.identity, target: { ...trial.call.target } };
    await recordTrial(deps, caller, 'policy.try', about, outcome.outcome);
    return { value: outcome };
  },
});

/** The stages of the guard, and what those say of a trial that are not judged. */
const STAGES: readonly (readonly [stage: StageName, notJudged?: string])[] = [
  ['authenticate', 'the user and the agent are those that were named'],
  ['tenant'],
  ['visible'],
  ['validate'],
  ['authorize'],
  ['limit', 'no budget is taken'],
  ['approve'],
  ['intent', 'nothing is recorded as a call'],
  ['upstream', 'nothing is sent'],
  ['inspect', 'there is no result'],
];

/** The stage that refuses with an error, where it is not `validate`. */
const STAGE_OF: Readonly<Partial<Record<ErrorCode, StageName>>> = {
  unknown_tenant: 'tenant',
  rate_limited: 'tenant',
  not_found: 'visible',
  quarantined: 'visible',
  not_permitted: 'authorize',
};

/** @param at the stage that decides the outcome. */
function stagesUpTo(at: StageName, result: Result, detail: string): Outcome['stages'] {
  const last = STAGES.findIndex(([stage]) => stage === at);
  return STAGES.map(([stage, notJudged], index) => {
    if (index > last) return { stage, result: 'not_reached', detail: '' };
    if (notJudged !== undefined) return { stage, result: 'not_judged', detail: notJudged };
    return index === last ? { stage, result, detail } : { stage, result: 'passed', detail: '' };
  });
}

function refused(error: GuardError): Outcome {
  const { cause } = error;
  const why = cause instanceof Error ? ` ${cause.message}` : '';
  const stages = stagesUpTo(STAGE_OF[error.code] ?? 'validate', 'refused', `${error.message}${why}`);
  return { stages, outcome: 'would_be_refused', error_code: error.row.errorCode };
}

function approvalStage(trial: Trial, { trials, installation }: Pick<ApiDeps, 'trials' | 'installation'>): Outcome {
  const { definition } = trial;
  const request = definition && policyRequestOf(trial, definition);
  const decision = request && installation().policies.engine.decide(request);
  const demand = request && decision?.effect === 'allow' ? trials.demand(request, decision.grant) : undefined;
  if (demand === undefined) return { stages: stagesUpTo('inspect', 'passed', ''), outcome: 'would_be_executed' };
  const { approvers, required } = approvalOf(demand);
  const detail = `${required} of ${approvers.join(', ')} must approve`;
  return { stages: stagesUpTo('approve', 'waits', detail), outcome: 'would_wait_for_approval' };
}
