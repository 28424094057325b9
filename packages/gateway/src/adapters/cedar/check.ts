/**
 * Checks policies for `sallyport check`. A policy that names a tool, server or argument that does not exist would never
 * apply, so it is reported. The reference implementation checks the types, once for every tool that a policy is about.
 */
import { validate } from '@cedar-policy/cedar-wasm/nodejs';
import type { Definition } from '@sallyport/guard';
import type { PolicyJson } from '@sallyport/guard/policy';
import { findingAt, fromCedar, type Finding, type LoadedPolicy } from './load.ts';
import { referencesOf, type References } from './references.ts';
import { ACTION_NAMES, argumentNames, cedarSchema, ENTITY_TYPES } from './schema.ts';

const KINDS: Readonly<Record<string, Definition['kind']>> = {
  Tool: 'tool',
  Prompt: 'prompt',
  Resource: 'resource',
  ResourceTemplate: 'resource_template',
};
const TYPE_CHECKS_MAX = 40;
const NOTHING_PINNED =
  'nothing is pinned yet, so the names in policies could not be checked: ' + 'start the gateway once, then check again';

/** @returns the known word that is most like the written one; `undefined` when none is close. */
export type Suggest = (written: string, known: readonly string[]) => string | undefined;

/**
 * @param definitions everything that is pinned. Without any, names cannot be checked, and one warning says so.
 * @param suggest finds the word that the author may have meant.
 */
export function checkPolicies(
  policies: readonly LoadedPolicy[],
  definitions: readonly Definition[],
  suggest: Suggest,
): Finding[] {
  const first = policies[0];
  if (definitions.length === 0 && first !== undefined)
    return [{ ...findingAt(first.file, first.fileText, 0, NOTHING_PINNED), severity: 'warning' }];
  return policies.flatMap((policy) => {
    const references = referencesOf(policy.json);
    const findings = [
      ...unknownNames(policy, references, definitions, suggest),
      ...unknownArguments(policy, references, definitions, suggest),
    ];
    return findings.length > 0 ? findings : typeErrors(policy, references, definitions);
  });
}

const idOf = ({ server, name }: Definition): string => `${server}/${name}`;

function unknownNames(
  policy: LoadedPolicy,
  { entities }: References,
  definitions: readonly Definition[],
  suggest: Suggest,
): Finding[] {
  return entities.flatMap(({ type, id }) => {
    if (!ENTITY_TYPES.includes(type))
      return [findingAtWord(policy, type, `there is no entity type ${type}${didYouMean(suggest(type, ENTITY_TYPES))}`)];
    if (type === 'Action' && !ACTION_NAMES.includes(id))
      return [findingAtWord(policy, id, `there is no action "${id}"${didYouMean(suggest(id, ACTION_NAMES))}`)];
    const known = knownIds(type, definitions);
    if (known === undefined || known.includes(id)) return [];
    const suggestion = didYouMean(suggest(id, known));
    return [findingAtWord(policy, id, `there is no ${type} "${id}" among the pinned definitions${suggestion}`)];
  });
}

/** The ids of an entity type; `undefined` for types whose ids come from elsewhere, such as roles. */
function knownIds(type: string, definitions: readonly Definition[]): readonly string[] | undefined {
  if (type === 'Server') return [...new Set(definitions.map(({ server }) => server))];
  const kind = KINDS[type];
  return kind === undefined ? undefined : definitions.filter((definition) => definition.kind === kind).map(idOf);
}

function unknownArguments(
  policy: LoadedPolicy,
  { args }: References,
  definitions: readonly Definition[],
  suggest: Suggest,
): Finding[] {
  const inScope = definitionsInScope(policy.json, definitions);
  const names = inScope.map(argumentNames);
  if (inScope.length === 0 || names.includes(undefined)) return [];
  const known = [...new Set(names.flatMap((list) => list ?? []))];
  return args
    .filter((name) => !known.includes(name))
    .map((name) => {
      const suggestion = didYouMean(suggest(name, known));
      const message = `no tool that this policy is about has an argument "${name}"${suggestion}`;
      return findingAtWord(policy, name, message);
    });
}

/**
 * Claims have no schema, and neither have arguments of more than one type: policies that read those are not
 * type-checked.
 */
function typeErrors(policy: LoadedPolicy, { args, claims }: References, definitions: readonly Definition[]): Finding[] {
  if (claims) return [];
  for (const definition of definitionsInScope(policy.json, definitions).slice(0, TYPE_CHECKS_MAX)) {
    const { schema, untyped } = cedarSchema(definition);
    if (args.some((name) => untyped(name))) continue;
    const answer = validate({ schema: schema as never, policies: { staticPolicies: { policy: policy.text } } });
    const errors = answer.type === 'failure' ? answer.errors : answer.validationErrors.map(({ error }) => error);
    const [error] = errors;
    if (error === undefined) continue;
    const finding = fromCedar(policy.file, policy.fileText, error, policy.offset);
    const message = finding.message.replace(/^for policy `[^`]*`, /, '');
    return [{ ...finding, message: `${message} (for ${idOf(definition)}; an error while judging denies the call)` }];
  }
  return [];
}

/** The definitions that the scope of a policy can apply to. */
function definitionsInScope({ resource }: PolicyJson, definitions: readonly Definition[]): readonly Definition[] {
  const container = resource.op === 'in' ? resource.entity : resource.in?.entity;
  return definitions.filter((definition) => {
    if (definition.kind === 'server') return false;
    if (resource.op === '==') {
      const { type = '', id } = resource.entity ?? {};
      if (KINDS[type] !== definition.kind || id !== idOf(definition)) return false;
    }
    if (resource.op === 'is' && KINDS[resource.entity_type ?? ''] !== definition.kind) return false;
    return container === undefined || container.type !== 'Server' || container.id === definition.server;
  });
}

function findingAtWord(policy: LoadedPolicy, word: string, message: string): Finding {
  const position = policy.text.indexOf(word);
  return findingAt(policy.file, policy.fileText, policy.offset + Math.max(0, position), message);
}

const didYouMean = (suggestion: string | undefined): string =>
  suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
