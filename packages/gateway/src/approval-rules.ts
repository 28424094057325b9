/** The rules for approvals, put in force: their conditions are compiled, and what policies ask is checked with them. */
import type { ApprovalRule } from '@sallyport/guard/stages';
import { loadCondition } from './adapters/cedar/condition.ts';
import { findingAt, PolicyLoadError, type Finding, type LoadedPolicies } from './adapters/cedar/load.ts';
import { isAmbiguousUser, isUnknownIssuer } from './issuers-of-users.ts';
import type { Snapshot } from './snapshot.ts';

/** @throws PolicyLoadError for a condition that cannot be compiled, or an approver who may be several people. */
export function activateApprovalRules(snapshot: Snapshot, policies: LoadedPolicies): readonly ApprovalRule[] {
  const findings = approversOfPolicies(snapshot, policies);
  if (findings.length > 0) throw new PolicyLoadError(findings);
  return snapshot.approvals.rules.map(({ when, ...rule }) =>
    when === undefined ? rule : { ...rule, when: loadCondition(when), whenText: when.text },
  );
}

/** What is wrong with the approvers that policies name. */
function approversOfPolicies({ identity, tenants }: Snapshot, { policies }: LoadedPolicies): Finding[] {
  return policies.flatMap(({ approval, file, fileText, offset, id }) => {
    const named = approval?.demand.approvers ?? [];
    const ambiguous = named.find((selector) => isAmbiguousUser(selector, identity.issuers, tenants));
    const unknown = named.find((selector) => isUnknownIssuer(selector, identity.issuers));
    const fault =
      (ambiguous && `user:${ambiguous.name} may be of several issuers: write user:${ambiguous.name} from ISSUER`) ??
      (unknown && `${unknown.issuer} is not a configured issuer`);
    return fault === undefined ? [] : [findingAt(file, fileText, offset, `@require_approval of ${id}: ${fault}`)];
  });
}
