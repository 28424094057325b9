/** What differs from earlier calls: found without learning what the log hides, and in bounded work (U8). */
import { describe, expect, it } from 'vitest';
import type { Definition, FiledApproval, Json, JsonObject } from '@sallyport/guard';
import { createRedactor } from '@sallyport/guard/audit';
import type { FoundRecord, RecordQuery } from '@sallyport/server/record-search';
import { differencesOf, EARLIER_CALLS_MAX } from './differences.ts';

const AT_MS = 1_700_000_000_000;
const DIGEST = 'sha256:1';
const properties = { amount: {}, to: {}, note: {}, constructor: {} };
const definition = {
  server: 'bank',
  kind: 'tool',
  name: 'refund',
  digest: DIGEST,
  labels: [],
  document: { inputSchema: { properties } },
} as unknown as Definition;
const key = new Uint8Array(32).fill(7);
const redactor = createRedactor({ keyOf: () => key, clear: () => ['bank/refund/to', 'bank/refund/constructor'] });
const CALLER = { user: { issuer: 'https://i', subject: 'alice' }, client_id: 'agent' };

const filed = (input: JsonObject): FiledApproval =>
  ({
    tenant: 'acme',
    requester: CALLER.user,
    agent: { clientId: 'agent', actors: [] },
    server: 'bank',
    tool: 'refund',
    definitionDigest: DIGEST,
    arguments: input,
    createdAtMs: AT_MS,
  }) as unknown as FiledApproval;

/** The intent of an earlier call. */
const intent = (input: JsonObject, over: JsonObject = {}, timeMs = AT_MS - 1): JsonObject => ({
  time: timeMs,
  unmapped: {
    ...CALLER,
    phase: 'intent',
    server: 'bank',
    tool_name: 'refund',
    definition_digest: DIGEST,
    arguments: redactor.arguments('acme', definition, input),
    ...over,
  },
});

async function compared(input: JsonObject, records: readonly JsonObject[], next?: object) {
  const queries: RecordQuery[] = [];
  const search = (_tenant: string, query: RecordQuery) => {
    queries.push(query);
    const holds = (record: JsonObject): boolean =>
      query.texts.every((text) => JSON.stringify(record).includes(text)) && query.matches(record);
    const found = records.filter(holds).slice(0, query.limit);
    const all: FoundRecord[] = found.map((record, index) => ({ log: 'gateway', index, record }));
    return Promise.resolve({ found: all, next: next as never });
  };
  const answer = await differencesOf(filed(input), {
    records: { search, prove: () => Promise.reject(new Error('not asked')) },
    redactor,
    toolOf: () => definition,
  });
  return { ...answer, queries };
}

describe('an argument', () => {
  it('U8 that has another value than in every earlier call is named, with that value where the log has it', async () => {
    const { calls, searched, newest_at, differences } = await compared({ amount: 4000, to: 'DE99' }, [
      intent({ amount: 20, to: 'DE01' }),
      intent({ amount: 30, to: 'DE02' }, {}, AT_MS - 5),
    ]);
    expect([calls, searched, newest_at]).toEqual([2, 'all', new Date(AT_MS - 1).toISOString()]);
    expect(differences).toEqual([
      { path: '/amount', state: 'other_value', earlier_hidden: true, now: 4000 },
      { path: '/to', state: 'other_value', earlier: 'DE01', earlier_hidden: false, now: 'DE99' },
    ]);
  });

  it('that has the value of any earlier call is not named, whether the log hashed it or not', async () => {
    const values: JsonObject = { amount: 20, to: ['DE01', { a: 1 }], note: 'x' };
    const before = [intent({ amount: 1, to: 'DE02', note: 'y' }), intent(values)];
    expect((await compared(values, before)).differences).toEqual([]);
  });

  it('that no earlier call gave is new, and one that all of them gave is left out', async () => {
    const before = [intent({ amount: 1, note: 'a' }), intent({ amount: 1, note: 'b' })];
    const named = (await compared({ amount: 1, constructor: null }, before)).differences;
    expect(named).toEqual([
      { path: '/constructor', state: 'new', earlier_hidden: false, now: null },
      { path: '/note', state: 'left_out', earlier_hidden: true },
    ]);
    expect((await compared({ amount: 1 }, [...before, intent({ amount: 1 })])).differences).toEqual([]);
  });

  it('cannot be compared where the log has one hash of several', async () => {
    const other = {
      definition_digest: 'sha256:2',
      arguments: { '*': redactor.arguments('acme', undefined, { a: 1 })['*'] as Json },
    };
    const [difference] = (await compared({ note: 'x' }, [intent({}, other)])).differences;
    expect(difference).toMatchObject({ path: '*', state: 'left_out' });
    expect((await compared({ note: 'x' }, [intent({}, other)])).differences[1]).toEqual({
      path: '/note',
      state: 'cannot_be_compared',
      earlier_hidden: true,
      now: 'x',
    });
  });

  it('that the tool does not declare is compared with its like', async () => {
    const before = [intent({ extra: 1 })];
    expect((await compared({ extra: 1 }, before)).differences).toEqual([]);
    expect((await compared({ extra: 2 }, before)).differences).toEqual([
      { path: '*', state: 'other_value', earlier_hidden: true },
    ]);
  });
});

describe('the history', () => {
  it('U14 is of the same user, issuer, agent, server and tool, of calls that were let through before', async () => {
    const input = { amount: 1 };
    const others: readonly JsonObject[] = [
      intent(input, { user: { issuer: 'https://other', subject: 'alice' } }),
      intent(input, { user: { issuer: 'https://i', subject: 'bob' } }),
      intent(input, { client_id: 'other' }),
      intent(input, { server: 'other' }),
      intent(input, { tool_name: 'other' }),
      intent(input, { phase: 'outcome' }),
      intent(input, {}, AT_MS),
    ];
    expect(await compared({ amount: 2 }, others)).toMatchObject({ calls: 0, differences: [] });
  });

  it('is read up to a limit of calls and bytes, and the answer says so', async () => {
    const many = Array.from({ length: 3 * EARLIER_CALLS_MAX }, () => intent({ amount: 1 }));
    const { calls, queries } = await compared({ amount: 1 }, many);
    expect([calls, queries.length, queries[0]?.limit]).toEqual([EARLIER_CALLS_MAX, 1, EARLIER_CALLS_MAX]);
    expect(queries[0]?.bytesMax).toBeLessThanOrEqual(16 * 1024 * 1024);
    expect((await compared({ amount: 1 }, [], { gateway: [0, 0] })).searched).toBe('newest');
  });

  it('that cannot be read leaves the request readable', async () => {
    const answer = await differencesOf(filed({ amount: 1 }), {
      records: { search: () => Promise.reject(new Error('down')), prove: () => Promise.reject(new Error('down')) },
      redactor,
      toolOf: () => definition,
    });
    expect(answer).toEqual({ searched: 'none', calls: 0, differences: [] });
  });
});
