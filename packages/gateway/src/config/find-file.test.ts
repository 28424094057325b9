/** Which configuration file is read when none is named. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findConfigFile } from './find-file.ts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-here-'));
const below = join(root, 'a', 'b');
mkdirSync(below, { recursive: true });
const file = join(root, 'sallyport.yaml');

it('the nearest file upwards is found, and there is no other default', () => {
  const inRoot = (candidate: string): number | undefined => (candidate === file ? 7 : undefined);
  expect(
    findConfigFile(
      {},
      below,
      () => undefined,
      () => 7,
    ),
  ).toBeUndefined();
  expect(findConfigFile({}, below, inRoot, () => 7)).toBe(file);
  writeFileSync(file, '');
  expect(findConfigFile({}, below)).toBe(file);
  mkdirSync(join(below, 'sallyport.yaml'));
  expect(findConfigFile({}, below), 'a folder is no file').toBe(file);
  expect(findConfigFile({ SALLYPORT_CONFIG: 'other.yaml' }, below)).toBe(join(below, 'other.yaml'));
  expect(findConfigFile({ SALLYPORT_CONFIG: '' }, below)).toBe(file);
});

it('a file that another user put above the folder is not read, and said to be there', () => {
  expect(() =>
    findConfigFile(
      {},
      below,
      () => 1000,
      () => 7,
    ),
  ).toThrow('belongs to another user');
  expect(
    findConfigFile(
      {},
      below,
      () => 0,
      () => 7,
    ),
    'of root',
  ).toBe(join(below, 'sallyport.yaml'));
  expect(
    findConfigFile(
      {},
      below,
      () => 1000,
      () => undefined,
    ),
    'no owners on Windows',
  ).toBe(join(below, 'sallyport.yaml'));
});
