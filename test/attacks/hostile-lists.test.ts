/** Lists of a hostile server that are large, ever new, and readable in one way only by a lenient parser (B5). */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const MIB = 1024 * 1024;
/** 1,000 of them by hand: `node --max-old-space-size=256 --conditions=sallyport-source hostile-lists.mts FOLDER 1000`. */
const LISTS = 12;

interface Left {
  readonly keptBytes: number;
  readonly residentBytes: number;
  readonly diskBytes: number;
}

async function leftBy(lists: number, pin: string): Promise<Left> {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-lists-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--max-old-space-size=256',
      '--conditions=sallyport-source',
      join(import.meta.dirname, 'hostile-lists.mts'),
      folder,
      String(lists),
      pin,
    ]);
    return JSON.parse(stdout) as Left;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it.each(['first_use', 'approval'])(
  'B5 hostile lists leave memory and disk flat: %s',
  async (pin) => {
    const [few, many] = [await leftBy(3, pin), await leftBy(LISTS, pin)];
    expect(many.keptBytes).toBeLessThanOrEqual(8 * MIB);
    expect(many.diskBytes).toBeLessThan(64 * MIB);
    expect(many.diskBytes).toBeLessThanOrEqual(few.diskBytes * 1.5);
    expect(many.residentBytes).toBeLessThan(768 * MIB);
  },
  300_000,
);
