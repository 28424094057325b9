/**
 * Which arguments of a request differ from those of earlier calls of the same user through the same agent. Earlier
 * calls are read from the audit log, where most arguments are keyed hashes: whether a value is the same can be said,
 * what it was cannot. The work is bounded by bytes and by calls.
 */
import { asObject, isObject, type FiledApproval, type Json, type JsonObject } from '@sallyport/guard';
import type { Redactor } from '@sallyport/guard/audit';
import { canonicalize } from '@sallyport/guard/json';
import { z } from 'zod';
import type { FoundRecord } from '@sallyport/server/record-search';
import type { ApiDeps } from '../deps.ts';

/** The newest earlier calls are compared, and no more. */
export const EARLIER_CALLS_MAX = 20;
const BYTES_MAX = 16 * 1024 * 1024;

/** Stands for all arguments that the tool does not declare: the log has one hash of them. It is no JSON pointer. */
const UNDECLARED = '*';

/** What differs. */
export const differencesSchema = z
  .object({
    searched: z
      .enum(['all', 'newest', 'none'])
      .describe('How much of the log was read: all of it, its newest part, or nothing because it could not be read.'),
    calls: z.int().describe(`Earlier calls that were compared: the newest, at most ${EARLIER_CALLS_MAX}.`),
    newest_at: z.iso.datetime().optional().describe('When the newest of them was made.'),
    differences: z.array(
      z.object({
        path: z
          .string()
          .describe('JSON pointer of an argument; `*` for all arguments together that the tool does not declare.'),
        state: z
          .enum(['other_value', 'new', 'left_out', 'cannot_be_compared'])
          .describe(
            '`other_value`: no earlier call had this value. `new`: no earlier call gave this argument. ' +
              '`left_out`: every earlier call gave it. `cannot_be_compared`: the log does not tell.',
          ),
        earlier: z.unknown().optional().describe('Of the newest earlier call, where the log has it in clear.'),
        earlier_hidden: z.boolean().describe('Whether there was an earlier value of which the log has a hash only.'),
        now: z.unknown().optional(),
      }),
    ),
  })
  .meta({ id: 'Differences' });

type Differences = z.input<typeof differencesSchema>;
type Difference = Differences['differences'][number];

/** Compares a request with what its user and agent called before it was filed. */
export async function differencesOf(
  filed: FiledApproval,
  { records, redactor, toolOf }: Pick<ApiDeps, 'records' | 'redactor' | 'toolOf'>,
): Promise<Differences> {
  let searched: Differences['searched'] = 'none';
  let found: readonly FoundRecord[] = [];
  try {
    const search = await records.search(filed.tenant, earlierCalls(filed));
    found = search.found;
    searched = search.next === undefined || found.length === EARLIER_CALLS_MAX ? 'all' : 'newest';
  } catch {
    // A request can be decided without its history: the answer says that there is none.
    return { searched, calls: 0, differences: [] };
  }
  const calls = found.map(({ record }) => asObject(record['unmapped']));
  const definition = toolOf(filed.server, filed.tool);
  const now = redactor.arguments(filed.tenant, definition, filed.arguments);
  const differences = calls.length === 0 ? [] : compare(filed, calls, now, redactor);
  const newest = Number(found[0]?.record['time']);
  return {
    searched,
    calls: calls.length,
    ...(Number.isFinite(newest) && { newest_at: new Date(newest).toISOString() }),
    differences,
  };
}

/** The intents, which have the arguments: only a call that was let through has one. */
function earlierCalls({ requester, agent, server, tool, createdAtMs }: FiledApproval) {
  const asJson = (text: string): string => JSON.stringify(text);
  return {
    texts: ['"phase":"intent"', `"subject":${asJson(requester.subject)}`, `"tool_name":${asJson(tool)}`],
    matches(record: JsonObject): boolean {
      const fields = asObject(record['unmapped']);
      const user = asObject(fields['user']);
      return (
        Number(record['time']) < createdAtMs &&
        fields['phase'] === 'intent' &&
        user['issuer'] === requester.issuer &&
        user['subject'] === requester.subject &&
        fields['client_id'] === agent.clientId &&
        fields['server'] === server &&
        fields['tool_name'] === tool &&
        isObject(fields['arguments'])
      );
    },
    limit: EARLIER_CALLS_MAX,
    bytesMax: BYTES_MAX,
  };
}

/** @param shown the arguments as a record would show them now. */
function compare(
  { tenant, arguments: input, definitionDigest }: FiledApproval,
  calls: readonly JsonObject[],
  shown: JsonObject,
  redactor: Redactor,
): Difference[] {
  const earlier = calls.map((call) => asObject(call['arguments']));
  const names = new Set([...Object.keys(shown), ...Object.keys(earlier[0] ?? {})]);
  return [...names].sort().flatMap((name): Difference[] => {
    const isUndeclared = name === UNDECLARED;
    const path = isUndeclared ? UNDECLARED : `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const now = isUndeclared ? undefined : ownMember(input, name);
    const given = earlier.map((before) => ownMember(before, name)).filter((value) => value !== undefined);
    const withNow = now === undefined ? {} : { now };
    if (!Object.hasOwn(shown, name))
      return given.length < earlier.length ? [] : [{ path, state: 'left_out', ...shownEarlier(given[0]) }];
    if (given.length === 0) {
      // Of a definition that did not declare the argument, the log has one hash of all such arguments.
      const isKnown = calls.every(
        (call, at) => call['definition_digest'] === definitionDigest || earlier[at]?.[UNDECLARED] === undefined,
      );
      return [{ path, state: isKnown ? 'new' : 'cannot_be_compared', earlier_hidden: !isKnown, ...withNow }];
    }
    const hashed = isUndeclared
      ? hashOf(ownMember(shown, name))
      : now !== undefined && redactor.text(tenant, canonicalize(now));
    if (given.some((value) => isSame(value, now, hashed))) return [];
    return [{ path, state: 'other_value', ...shownEarlier(given[0]), ...withNow }];
  });
}

/** Arguments may be named as members that every object inherits. */
const ownMember = (object: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/** The hash of a value that a record does not show. */
const hashOf = (value: Json | undefined): string | false => {
  const { bytes, hash, type } = asObject(value);
  return typeof bytes === 'number' && typeof type === 'string' && typeof hash === 'string' && hash;
};

function isSame(earlier: Json, now: Json | undefined, hashed: string | false): boolean {
  const hash = hashOf(earlier);
  if (hash !== false) return hash === hashed;
  return now !== undefined && canonicalize(earlier) === canonicalize(now);
}

const shownEarlier = (value: Json | undefined): Pick<Difference, 'earlier' | 'earlier_hidden'> =>
  value === undefined || hashOf(value) !== false ? { earlier_hidden: true } : { earlier: value, earlier_hidden: false };
