/** The file with the sealing key: made once, private, and refused when it is weak. */
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSealingKey } from './sealing-key.ts';
import { folder } from './testing/load.mts';

describe('the sealing key', () => {
  const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'sallyport-key-')), 'data');

  it('is made once, for its owner only', () => {
    const data = fresh();
    const key = openSealingKey(data);
    expect(key.length).toBe(32);
    expect(statSync(join(data, 'sallyport.key')).mode & 0o777).toBe(0o600);
    expect(openSealingKey(data)).toEqual(key);
  });

  it.each([
    '',
    'changeme',
    'changemechangemechangemechangemechangemech',
    Buffer.alloc(32).toString('base64url'),
    'c2hvcnQ',
    `${Buffer.alloc(32, 'abcdefgh').toString('base64url')}==`,
  ])('A30 refuses %j', (text) => {
    const data = fresh();
    openSealingKey(data);
    writeFileSync(join(data, 'sallyport.key'), text);
    expect(() => openSealingKey(data)).toThrow(/delete it to get a new one/);
  });

  it('is refused when others can read it', () => {
    const data = fresh();
    openSealingKey(data);
    chmodSync(join(data, 'sallyport.key'), 0o644);
    expect(() => openSealingKey(data)).toThrow(/can be read by other users/);
    expect(readFileSync(join(data, 'sallyport.key'), 'utf8')).not.toBe('');
  });
});

it('a data folder that cannot be used is reported, with what to do', () => {
  writeFileSync(join(folder, 'plain'), '');
  expect(() => openSealingKey(join(folder, 'plain'))).toThrow(
    /^data: the folder .*plain cannot be written \(EEXIST\): it must be a folder/,
  );
});
