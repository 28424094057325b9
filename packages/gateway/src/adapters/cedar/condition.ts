/** Conditions of rules: one Cedar expression each, in the language of the policies. */
import { policySetTextToParts, policyToJson, type DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import type { Definition } from '@sallyport/guard';
import { compileCondition, type Condition, type PolicyJson } from '@sallyport/guard/policy';
import type { ApprovalRuleSettings, SourcePosition } from '../../snapshot.ts';
import { checkPolicies, type Suggest } from './check.ts';
import { PolicyLoadError, type Finding, type LoadedPolicy } from './load.ts';

/** The condition of a rule as it is configured. */
export type ConditionText = NonNullable<ApprovalRuleSettings['when']>;

/** @throws PolicyLoadError with the position and the name of the setting. */
export function loadCondition(when: ConditionText): Condition {
  return compileCondition(parse(when).json);
}

/** What is wrong with the condition of a rule for the tools that the rule is about. */
export function checkCondition(
  when: ConditionText,
  { server, tool }: Pick<ApprovalRuleSettings, 'server' | 'tool'>,
  definitions: readonly Definition[],
  suggest: Suggest,
): Finding[] {
  const about = definitions.filter(
    (definition) =>
      definition.kind === 'tool' &&
      (server === '*' || definition.server === server) &&
      (tool === '*' || definition.name === tool),
  );
  if (about.length === 0) return [];
  const findings = checkPolicies([parse(when)], about, suggest);
  return findings.map(({ severity, message }) => findingOf(when, inWords(message), severity));
}

/** The expression is read as the condition of a policy that permits everything. */
function parse(when: ConditionText): LoadedPolicy {
  const text = `permit (principal, action == Action::"call", resource is Tool)\nwhen {\n${when.text}\n};`;
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') throw failure(when, parts.errors);
  const [source] = parts.policies;
  if (source === undefined || parts.policies.length > 1) throw failure(when, []);
  const parsed = policyToJson(source);
  if (parsed.type === 'failure') throw failure(when, parsed.errors);
  const json = parsed.json as unknown as PolicyJson;
  const [first, ...others] = json.conditions;
  if (first?.kind !== 'when' || others.length > 0) throw failure(when, []);
  return { id: when.field, json, file: when.at.file, text, offset: 0, fileText: text };
}

function failure(when: ConditionText, [error]: readonly DetailedError[]): PolicyLoadError {
  const message = error === undefined ? 'must be one Cedar expression' : `is no Cedar expression: ${error.message}`;
  return new PolicyLoadError([findingOf(when, message, 'error')]);
}

const findingOf = (
  { field, at }: { readonly field: string; readonly at: SourcePosition },
  message: string,
  severity: Finding['severity'],
): Finding => ({ ...at, severity, message: `${field}: ${message}` });

const inWords = (message: string): string =>
  message
    .replace('that this policy is about', 'of this rule')
    .replace('an error while judging denies the call', 'a call for which it cannot be said is held');
