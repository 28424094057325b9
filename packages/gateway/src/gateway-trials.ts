/** Composition of what judges calls that nobody makes: for people who ask what would happen. */
import type { Clock, PolicyEngine, PolicyRequest } from '@sallyport/guard';
import { compileCedar, type SourcePolicy } from '@sallyport/guard/policy';
import { callDemand, createMayList, type CallDemand } from '@sallyport/guard/stages';
import type { Trials } from './control/policies/trial.ts';
import type { GuardedUpstreams, Resources } from './resources.ts';

/** By the rules and policies in force at the time of the question. */
export function createTrials({ settings, clock }: Resources, { guard, upstreams }: GuardedUpstreams): Trials {
  const demandBy = (
    rules: Parameters<typeof callDemand>[0],
    ...[request, grant]: Parameters<Trials['demand']>
  ): CallDemand | undefined => {
    if (request.definition.kind !== 'tool') return undefined;
    const { ttlMs } = settings.current().snapshot.approvals;
    return callDemand(rules, request, grant, { now: clock.now(), ttlMs });
  };
  const couldPermit = createCouldPermit(clock);
  return {
    find: (target) => upstreams.catalog.find(target),
    mayList: createMayList({
      policy: () => settings.current().policies.engine,
      allowTools: (server) => settings.current().servers.get(server)?.allowTools,
    }),
    judge: (call) => guard.judge(call),
    demand: (request, grant) => demandBy(settings.current().approvalRules, request, grant),
    isDemandCertain(request, grant) {
      const { approvalRules } = settings.current();
      const certain = approvalRules.filter(({ when }) => when?.(request, clock.now()) !== 'unclear');
      return (
        (demandBy(approvalRules, request, grant) === undefined) === (demandBy(certain, request, grant) === undefined)
      );
    },
    couldPermit: (request) => couldPermit(settings.current().policies.policies, request),
  };
}

/** Each policy is compiled by itself, once. */
function createCouldPermit(
  clock: Clock,
): (policies: readonly SourcePolicy[], request: PolicyRequest) => readonly string[] {
  const engines = new WeakMap<SourcePolicy, PolicyEngine>();
  const engineOf = (policy: SourcePolicy): PolicyEngine => {
    const engine = engines.get(policy) ?? compileCedar([policy], '', clock);
    engines.set(policy, engine);
    return engine;
  };
  return (policies, request) =>
    policies
      .filter((policy) => policy.json.effect === 'permit' && engineOf(policy).couldAllow(request))
      .map(({ id }) => id);
}
