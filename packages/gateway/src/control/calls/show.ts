/** `GET /api/v1/calls/{id}`: the records that a correlation id joins. */
import { asObject, type JsonObject } from '@sallyport/guard';
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { PAGE_BYTES_MAX } from './list.ts';
import type { FoundRecord } from '@sallyport/server/record-search';
import { logOwner, SCOPE } from './scope.ts';
import { callSchema, callView, classOf, recordSchema } from './view.ts';

/** A client chooses the id of its calls, so one may join any number of records. */
const RECORDS_MAX = 50;
/** Without a time the whole log is searched, up to here. */
const BYTES_MAX = 8 * PAGE_BYTES_MAX;
const AROUND_MS = 3_600_000;

/** The newest call with this id, and what else was recorded under it. */
export const getCall = route({
  method: 'GET',
  path: '/api/v1/calls/{id}',
  access: 'auditor',
  summary: 'The records of one call or change: its intent, its outcome, and what else has its correlation id.',
  params: z.strictObject({ id: z.string().regex(/^[\x21-\x7e]{1,256}$/) }),
  query: z.strictObject({
    ...SCOPE,
    time: z.iso.datetime({ offset: true }).optional().describe('About when it was: finds it sooner in a large log.'),
  }),
  errors: ['RATE_LIMITED'],
  response: z.object({
    summary: callSchema.describe('As the list has it: of the outcome, or of the newest record where there is none.'),
    intent: recordSchema.optional(),
    outcome: recordSchema.optional(),
    related: z.array(recordSchema).describe('Newest first.'),
  }),
  async handle({ params, query, caller }, { records }: Pick<ApiDeps, 'records'>) {
    const aroundMs = query.time === undefined ? undefined : Date.parse(query.time);
    const { found } = await records.search(logOwner(caller, query.scope), {
      texts: [`"${JSON.stringify(params.id).slice(1, -1)}"`],
      matches: (record) => asObject(record['unmapped'])['correlation_id'] === params.id,
      limit: RECORDS_MAX,
      bytesMax: BYTES_MAX,
      ...(aroundMs !== undefined && { sinceMs: aroundMs - AROUND_MS }),
    });
    const [newest] = found;
    if (newest === undefined) throw new ApiProblem('NOT_FOUND', { detail: 'No record has this correlation id.' });
    const outcome = found.find((one) => isPhase(one, 'outcome'));
    const intent = found.find((one) => isPhase(one, 'intent') && sameCall(one, outcome));
    const related = found.filter((one) => one !== outcome && one !== intent);
    return {
      value: {
        summary: callView(outcome ?? newest),
        ...(intent !== undefined && { intent }),
        ...(outcome !== undefined && { outcome }),
        related,
      },
    };
  },
});

const isPhase = ({ record }: FoundRecord, phase: string): boolean =>
  (classOf(record) === 'call' || isChange(record)) && asObject(record['unmapped'])['phase'] === phase;

/** A change has a correlation id of its own, and an event has that of its call. */
function isChange(record: JsonObject): boolean {
  const { record_id: id, correlation_id: correlationId } = asObject(record['unmapped']);
  return id === correlationId;
}

const idOf = ({ record }: FoundRecord): unknown => asObject(record['unmapped'])['record_id'];

const sameCall = (intent: FoundRecord, outcome: FoundRecord | undefined): boolean =>
  outcome === undefined || idOf(intent) === idOf(outcome);
