/** A log is searched from its end, in pieces, and says where it stopped: 10^6 records hold neither memory nor loop. */
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asObject, type JsonObject } from '@sallyport/guard';
import { piecesBackwards } from './backwards.ts';
import { encodeFrames } from './frames.ts';
import { segmentName } from './layout.ts';
import type { RecordQuery, SearchPosition } from '../record-search.ts';
import { searchLogs, type SearchedLog } from './search.ts';
import { buildLog } from './testing/build-log.mts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-search-'));
afterAll(() => rmSync(root, { recursive: true }));

const RECORDS = 6_000;
const logs: readonly SearchedLog[] = [{ name: 'gateway', folder: join(root, 'audit', 'acme') }];
const EVERYTHING: RecordQuery = { matches: () => true, texts: [], limit: RECORDS, bytesMax: 1e9 };
const indexes = (found: readonly { readonly index: number }[]): number[] => found.map(({ index }) => index);
const downFrom = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from - at);

beforeAll(() => buildLog(join(root, 'audit'), { records: RECORDS, segmentBytes: 1_000_000 }));

/** A log of these records. */
function writeLog(name: string, records: readonly JsonObject[]): SearchedLog {
  const folder = join(root, name);
  mkdirSync(folder);
  const bytes = records.map((record) => Buffer.from(JSON.stringify(record)));
  writeFileSync(join(folder, segmentName(0)), encodeFrames(0, bytes));
  return { name, folder };
}

/** Every page of a search. */
async function pages(searched: readonly SearchedLog[], query: RecordQuery): Promise<number[][]> {
  const all: number[][] = [];
  let from: SearchPosition | undefined;
  do {
    const { found, next } = await searchLogs(searched, { ...query, from });
    all.push(indexes(found));
    from = next;
  } while (from !== undefined);
  return all;
}

describe('a search', () => {
  it('finds all records, newest first, over several segments', async () => {
    expect(readdirSync(logs[0]?.folder ?? '').filter((name) => name.endsWith('.seg')).length).toBeGreaterThan(1);
    const { found, next } = await searchLogs(logs, { ...EVERYTHING, limit: 10_000 });
    expect(indexes(found)).toEqual(downFrom(RECORDS - 1, RECORDS));
    expect(next).toBeUndefined();
  });

  it('of the newest few reads one piece, however long the log is', async () => {
    const { found, bytesRead } = await searchLogs(logs, { ...EVERYTHING, limit: 5 });
    expect(indexes(found)).toEqual(downFrom(RECORDS - 1, 5));
    expect(bytesRead).toBeLessThanOrEqual(256 * 1024);
  });

  it('goes on where it stopped: no record twice, none left out, whatever the size of the pages', async () => {
    for (const limit of [1_999, 700]) {
      const all = await pages(logs, { ...EVERYTHING, limit });
      expect(all.flat()).toEqual(downFrom(RECORDS - 1, RECORDS));
      expect(all.every((page) => page.length <= limit)).toBe(true);
    }
  });

  it('stops when it has read enough, and the next one goes on', async () => {
    const rare: RecordQuery = {
      ...EVERYTHING,
      matches: (record) => asObject(record['unmapped'])['record_id'] === 'r10',
      bytesMax: 500_000,
    };
    const all = await pages(logs, rare);
    expect(all.length).toBeGreaterThan(5);
    expect(all.flat()).toEqual([11, 10]);
  });

  it('with a time reads only what is newer, and does not parse what has not the texts', async () => {
    let looked = 0;
    const { found, bytesRead } = await searchLogs(logs, {
      ...EVERYTHING,
      sinceMs: 5_900,
      texts: ['"phase":"outcome"', '"subject":"user-55"'],
      matches: () => (looked += 1) > 0,
    });
    expect(indexes(found)).toEqual([5_955]);
    expect(looked).toBe(1);
    // Records are an hour out of order at most, and this log is shorter.
    expect(bytesRead).toBeGreaterThan(0);
  });

  it('merges the logs of several processes by time', async () => {
    const one = writeLog('stdio-1', [{ time: 1 }, { time: 4 }, { time: 5 }]);
    const other = writeLog('stdio-2', [{ time: 2 }, { time: 3 }, { time: 6 }]);
    const all = await searchLogs([one, other], { ...EVERYTHING, limit: 100 });
    expect(all.found.map(({ record }) => record['time'])).toEqual([6, 5, 4, 3, 2, 1]);
    const times = async (limit: number): Promise<unknown[]> => {
      const seen: unknown[] = [];
      for (let from: SearchPosition | undefined; ;) {
        const page = await searchLogs([one, other], { ...EVERYTHING, limit, from });
        seen.push(...page.found.map(({ record }) => record['time']));
        if (page.next === undefined) return seen;
        from = page.next;
      }
    };
    for (const limit of [1, 2, 4]) expect(await times(limit)).toEqual([6, 5, 4, 3, 2, 1]);
  });
});

describe('L4 a damaged log', () => {
  const texts = Array.from({ length: 100 }, (_, at) => ({ time: at, filler: 'é'.repeat(50) }));
  it('hides no record but the damaged ones', async () => {
    const log = writeLog('damaged', texts);
    const file = join(log.folder, segmentName(0));
    const bytes = readFileSync(file);
    bytes[bytes.indexOf('"time":40')] = 0x21;
    writeFileSync(file, bytes);
    appendFileSync(file, Buffer.from([0x80, 0, 0, 99, 1]));
    const { found } = await searchLogs([log], { ...EVERYTHING, limit: 1_000 });
    expect(indexes(found)).toEqual([...downFrom(99, 59), ...downFrom(39, 40)]);
  });
  it('and a position that a caller made up find whole records only, and end', async () => {
    const log = writeLog('positions', texts);
    for (const from of [
      [0, 0],
      [0, 7],
      [0, 1e15],
      [5, 3],
      [-1, 4],
      [0, 777],
    ] as const) {
      const { found } = await searchLogs([log], { ...EVERYTHING, limit: 1_000, from: { positions: from } });
      expect(found.every(({ record, index }) => record['time'] === index)).toBe(true);
    }
    expect((await searchLogs([log], { ...EVERYTHING, from: { another: [0, 1] } })).found).toEqual([]);
  });
  it('B1 a record of bytes that look like frames costs no more than its length', async () => {
    // Each of these could begin a frame of 2 MiB, whose checksum would be made for each of them.
    const hostile = '\u0080   '.repeat(500_000);
    const log = writeLog('hostile', [{ time: 1, hostile }, { time: 2, hostile }, { time: 3 }]);
    const { found, bytesRead } = await searchLogs([log], { ...EVERYTHING, limit: 10 });
    expect(indexes(found)).toEqual([2, 1, 0]);
    expect(bytesRead).toBeLessThan(8 * 5_000_000);
  });
});

it('a log of an earlier version is searched like any other', async () => {
  const files = JSON.parse(readFileSync(new URL('testing/older-log.json', import.meta.url), 'utf8')) as Record<
    string,
    string
  >;
  const folder = join(root, 'older');
  mkdirSync(folder);
  for (const [name, base64] of Object.entries(files))
    if (name.startsWith('acme/') && name.endsWith('.seg'))
      writeFileSync(join(folder, name.slice(5)), Buffer.from(base64, 'base64'));
  const { found, next } = await searchLogs([{ name: 'older', folder }], { ...EVERYTHING, limit: 1_000 });
  expect(indexes(found)).toEqual(downFrom(found.length - 1, found.length));
  expect(found.length).toBeGreaterThan(3);
  expect(next).toBeUndefined();
});

it('reads in pieces of at most 128 KiB', async () => {
  for await (const { bytesRead } of piecesBackwards(logs[0]?.folder ?? ''))
    expect(bytesRead).toBeLessThanOrEqual(131_072);
});

it('B7 gives calls at least a turn of the event loop for each piece', async () => {
  let pieces = 0;
  for await (const _piece of piecesBackwards(logs[0]?.folder ?? '')) pieces += 1;
  let turns = 0;
  let isSearching = true;
  const tick = (): void => {
    turns += 1;
    if (isSearching) setImmediate(tick);
  };
  setImmediate(tick);
  await searchLogs(logs, { ...EVERYTHING, matches: () => false });
  isSearching = false;
  expect(pieces).toBeGreaterThan(10);
  expect(turns).toBeGreaterThanOrEqual(pieces);
});
