/** L2: what the store waits for before it says that something is written. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStore } from './store.ts';

it('L2 each commit waits for the disk, in a write-ahead log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'));
  const store = openStore(join(folder, 'sallyport.db'));
  const setting = (name: string): unknown => Object.values(store.database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  // FULL is 2.
  expect([setting('synchronous'), setting('journal_mode')]).toEqual([2, 'wal']);
  store.close();
  rmSync(folder, { recursive: true, force: true });
});
