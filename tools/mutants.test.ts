/** The list of changes fits the code: each can still be made, and its tests exist. `npm run mutants` runs them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AREAS } from './mutants/areas.ts';
import { applyChange, type Change } from './mutants/change.ts';
import { root } from './sources.ts';

const changes = Object.values(AREAS).flat();

describe('the list of changes that tests must notice', () => {
  it('each change can be made: when the code moved on, find what the line has become', () => {
    expect(changes.flatMap(problemOf)).toEqual([]);
  });

  it('the tests of each exist', () => {
    const tests = new Set(changes.flatMap((change) => change.tests));
    expect([...tests].filter((test) => !existsSync(join(root, test)))).toEqual([]);
    expect(changes.filter((change) => change.tests.length === 0).map(({ file }) => file)).toEqual([]);
  });

  it('no change is there twice, and there are at least 300', () => {
    expect(new Set(changes.map(({ file, find, replacement }) => JSON.stringify([file, find, replacement]))).size).toBe(
      changes.length,
    );
    expect(changes.length).toBeGreaterThanOrEqual(300);
  });
});

function problemOf(change: Change): string[] {
  try {
    const text = readFileSync(join(root, change.file), 'utf8');
    const changed = applyChange(change, text);
    return changed === text ? [`${change.file} is not changed by: ${change.find}`] : [];
  } catch (thrown) {
    return [String(thrown)];
  }
}
