/**
 * The process that is killed: it appends an intent, "answers", appends an outcome, many at once for several tenants. It
 * reports every answer to its parent on standard output before anything else can happen.
 */
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { openAuditLog } from '../../packages/server/src/segments/log.ts';

const [folder = '', calls] = process.argv.slice(2);
/** Calls until it ends without closing the log, as if it was killed; without a number it goes on for ever. */
let callsLeft = Number(calls ?? Infinity);
const log = openAuditLog({
  folder,
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
  // A write to a pipe is in the kernel when it returns: the parent knows of this answer even if the process dies now.
  writeSync(1, `executed ${tenant} ${id}\n`);
  await log.append(tenant, record(id, 'outcome'));
  writeSync(1, `answered ${tenant} ${id}\n`);
  callsLeft -= 1;
  if (callsLeft === 0) process.exit(0);
}

async function caller(tenant: string): Promise<never> {
  for (;;) await call(tenant);
}

// A killed process writes no compile cache when it ends; the next one starts faster with it.
flushCompileCache();
writeSync(1, 'ready\n');
for (const tenant of ['acme', 'globex', 'initech']) for (let each = 0; each < 8; each++) void caller(tenant);
