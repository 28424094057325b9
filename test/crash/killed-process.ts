/**
 * The process that is killed: it appends intent, "answers", appends outcome, many at once for several tenants, and tells its
 * parent of every answer on standard output before anything else can happen.
 */
import { writeSync } from 'node:fs';
import { openAuditLog } from '../../packages/gateway/src/adapters/segments/log.ts';

const log = openAuditLog({
  folder: process.argv[2] ?? '',
  origin: 'sallyport.crash',
  clock: { now: () => Date.now() },
  segmentBytes: 64 * 1024,
  checkpointEveryMs: 5,
});
const record = (id: string, phase: string) => ({
  time: Date.now(),
  unmapped: { phase, record_id: id, padding: 'x'.repeat(Math.floor(Math.random() * 600)), status: 'success' },
});

async function call(tenant: string): Promise<void> {
  const id = crypto.randomUUID();
  await log.append(tenant, record(id, 'intent'));
  // A pipe write is in the kernel when it returns: the parent knows of this answer even if we die now.
  writeSync(1, `executed ${tenant} ${id}\n`);
  await log.append(tenant, record(id, 'outcome'));
  writeSync(1, `answered ${tenant} ${id}\n`);
}

async function caller(tenant: string): Promise<never> {
  for (;;) await call(tenant);
}

writeSync(1, 'ready\n');
for (const tenant of ['acme', 'globex', 'initech']) for (let each = 0; each < 8; each++) void caller(tenant);
