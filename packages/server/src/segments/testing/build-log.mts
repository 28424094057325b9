/** Builds a log of many records quickly: through the log itself, on files whose syncs do nothing. */
import { realFiles } from '../files.ts';
import { openAuditLog } from '../log.ts';

const TENANT = 'acme';
const TOGETHER = 4_000;
/** About what a record of a call takes. */
const FILLER = 'x'.repeat(700);

/** What a built log is like. */
export interface BuiltLog {
  readonly records: number;
  /** Time of the first record. */
  readonly startMs?: number;
  /** Between two records; 1 ms when absent. */
  readonly stepMs?: number;
  readonly segmentBytes?: number;
}

/** @param folder an audit folder; the log is that of tenant `acme`. */
export async function buildLog(
  folder: string,
  { records, startMs = 0, stepMs = 1, segmentBytes }: BuiltLog,
): Promise<void> {
  const log = openAuditLog({
    folder,
    origin: 'sallyport.test',
    clock: { now: () => startMs },
    files: { ...realFiles, sync: async () => undefined, syncAll: async () => undefined },
    ...(segmentBytes !== undefined && { segmentBytes }),
  });
  for (let first = 0; first < records; first += TOGETHER) {
    const count = Math.min(TOGETHER, records - first);
    await Promise.all(
      Array.from({ length: count }, (_, at) =>
        log.append(TENANT, recordOf(first + at, startMs + (first + at) * stepMs)),
      ),
    );
  }
  await log.close();
}

const recordOf = (number: number, timeMs: number) => ({
  time: timeMs,
  class_uid: 6003,
  api: { operation: 'tools/call' },
  unmapped: {
    phase: number % 2 === 0 ? 'intent' : 'outcome',
    record_id: `r${number - (number % 2)}`,
    status: 'success',
    tenant_id: TENANT,
    user: { issuer: 'https://issuer.test', subject: `user-${number % 100}` },
    server: 'crm',
    tool_name: 'get_customer',
    method: 'tools/call',
    filler: FILLER,
  },
});
