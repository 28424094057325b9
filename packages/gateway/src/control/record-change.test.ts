import type { AuditRecord, JsonObject } from '@sallyport/guard';
import { expect, it } from 'vitest';
import { callView } from './calls/view.ts';
import { recordChange } from './record-change.ts';
import { callerOf } from './testing/open-api.mts';

const CHANGE = { operation: 'pin.approve', target: { server: 'crm' }, before: { digest: 'a' } };
const bench = () => {
  const records: AuditRecord[] = [];
  const audit = { append: async (_tenant: string, record: AuditRecord) => void records.push(record) };
  const fields = (): readonly JsonObject[] => records.map((record) => record['unmapped'] as JsonObject);
  const change = (make: () => { result: string; after: JsonObject }): Promise<string> =>
    recordChange({ audit, clock: { now: () => 1_000 } } as never, callerOf('olga', ['operator']), CHANGE, make);
  return { records, fields, change };
};

it('a change is an intent, and an outcome of the same id with what is now', async () => {
  const { records, fields, change } = bench();
  expect(await change(() => ({ result: 'done', after: { digest: 'b' } }))).toBe('done');
  const id = fields()[0]?.['record_id'];
  expect(fields()).toMatchObject([
    { record_id: id, correlation_id: id, phase: 'intent', before: { digest: 'a' }, target: { server: 'crm' } },
    { record_id: id, correlation_id: id, phase: 'outcome', status: 'success', after: { digest: 'b' } },
  ]);
  expect(fields()[0]).not.toHaveProperty('status');
  expect(records.map((record) => record['status_id'])).toEqual([undefined, 1]);
});

it('A29 a change that fails is recorded as one that failed', async () => {
  const { records, fields, change } = bench();
  const fails = change(() => {
    throw new Error('the disk is full');
  });
  await expect(fails).rejects.toThrow('the disk is full');
  expect(fields()).toMatchObject([{ phase: 'intent' }, { phase: 'outcome', status: 'error' }]);
  expect(records[1]?.['status_id']).toBe(2);
  const shown = records.map((record, index) => callView({ record, index, log: 'gateway' }));
  expect(shown).toMatchObject([
    { operation: 'pin.approve', class: 'event', status: '' },
    { operation: 'pin.approve', class: 'event', status: 'error' },
  ]);
});
