/**
 * `sallyport check`: a policy that names a tool, server or argument that does not exist is refused before it silently
 * never applies; types are checked by the reference validator, once for every tool that the policy is about.
 */
import { validate } from '@cedar-policy/cedar-wasm/nodejs';
import type { Definition } from '@sallyport/guard';
import type { PolicyJson } from '@sallyport/guard/policy';
import { at, fromCedar, type Finding, type LoadedPolicies, type LoadedPolicy } from './load.ts';
import { mentionsOf, type Mentions } from './mentions.ts';
import { ACTION_NAMES, argumentNames, cedarSchema, ENTITY_TYPES } from './schema.ts';

const KINDS: Readonly<Record<string, Definition['kind']>> = {
  Tool: 'tool',
  Prompt: 'prompt',
  Resource: 'resource',
  ResourceTemplate: 'resource_template',
};
const TYPE_CHECKS_MAX = 40;

/** The known word that is closest to what was written, if one is close. */
export type Suggest = (written: string, known: readonly string[]) => string | undefined;

/** @param definitions everything that is pinned. With none, names cannot be judged yet, and one warning says so. */
export function checkPolicies(
  { policies }: LoadedPolicies,
  definitions: readonly Definition[],
  suggest: Suggest,
): Finding[] {
  const first = policies[0];
  if (definitions.length === 0 && first !== undefined) {
    return [
      {
        ...at(
          first.file,
          first.fileText,
          0,
          'nothing is pinned yet, so the names in policies could not be checked: start the gateway once, then check again',
        ),
        severity: 'warning',
      },
    ];
  }
  return policies.flatMap((policy) => {
    const mentions = mentionsOf(policy.json);
    const found = [
      ...unknownNames(policy, mentions, { definitions, suggest }),
      ...unknownArguments(policy, mentions, { definitions, suggest }),
    ];
    return found.length > 0 ? found : typeErrors(policy, mentions, definitions);
  });
}

interface Known {
  readonly definitions: readonly Definition[];
  readonly suggest: Suggest;
}

const idOf = ({ server, name }: Definition): string => `${server}/${name}`;

function unknownNames(policy: LoadedPolicy, { entities }: Mentions, { definitions, suggest }: Known): Finding[] {
  return entities.flatMap(({ type, id }) => {
    if (!ENTITY_TYPES.includes(type))
      return [place(policy, type, `there is no entity type ${type}${didYouMean(suggest(type, ENTITY_TYPES))}`)];
    if (type === 'Action' && !ACTION_NAMES.includes(id))
      return [place(policy, id, `there is no action "${id}"${didYouMean(suggest(id, ACTION_NAMES))}`)];
    const known =
      type === 'Server'
        ? [...new Set(definitions.map((one) => one.server))]
        : definitions.filter((one) => one.kind === KINDS[type]).map(idOf);
    if ((type !== 'Server' && KINDS[type] === undefined) || known.includes(id)) return [];
    return [
      place(policy, id, `there is no ${type} "${id}" among the pinned definitions${didYouMean(suggest(id, known))}`),
    ];
  });
}

function unknownArguments(policy: LoadedPolicy, { args }: Mentions, { definitions, suggest }: Known): Finding[] {
  const about = inScope(policy.json, definitions);
  const names = about.map(argumentNames);
  if (about.length === 0 || names.includes(undefined)) return [];
  const known = [...new Set(names.flatMap((list) => list ?? []))];
  return args
    .filter((name) => !known.includes(name))
    .map((name) =>
      place(
        policy,
        name,
        `no tool that this policy is about has an argument "${name}"${didYouMean(suggest(name, known))}`,
      ),
    );
}

/** Claims have no schema, and neither have arguments of more than one type: policies that read those are not type-checked. */
function typeErrors(policy: LoadedPolicy, { args, claims }: Mentions, definitions: readonly Definition[]): Finding[] {
  if (claims) return [];
  for (const definition of inScope(policy.json, definitions).slice(0, TYPE_CHECKS_MAX)) {
    const { schema, untyped } = cedarSchema(definition);
    if (args.some((name) => untyped(name))) continue;
    const answer = validate({ schema: schema as never, policies: { staticPolicies: { policy: policy.text } } });
    const errors = answer.type === 'failure' ? answer.errors : answer.validationErrors.map((one) => one.error);
    const [error] = errors;
    if (error !== undefined) {
      const finding = fromCedar(policy.file, policy.fileText, error, policy.offset);
      return [
        {
          ...finding,
          message: `${finding.message.replace(/^for policy `[^`]*`, /, '')} (for ${idOf(definition)}; an error while judging denies the call)`,
        },
      ];
    }
  }
  return [];
}

function inScope({ resource }: PolicyJson, definitions: readonly Definition[]): readonly Definition[] {
  const named = definitions.filter((one) => one.kind !== 'server');
  const within = resource.op === 'in' ? resource.entity : resource.in?.entity;
  return named.filter(
    (one) =>
      (resource.op !== '==' ||
        (KINDS[resource.entity?.type ?? ''] === one.kind && resource.entity?.id === idOf(one))) &&
      (resource.op !== 'is' || KINDS[resource.entity_type ?? ''] === one.kind) &&
      (within === undefined || within.type !== 'Server' || within.id === one.server),
  );
}

function place(policy: LoadedPolicy, word: string, message: string): Finding {
  const found = policy.text.indexOf(word);
  return at(policy.file, policy.fileText, policy.offset + Math.max(0, found), message);
}

const didYouMean = (near: string | undefined): string => (near === undefined ? '' : `; did you mean "${near}"?`);
