/** Every threat id that code and tests name has a row in the table, and every row has a test. */
import { describe, expect, it } from 'vitest';
import { namedIds, testsOf } from './threats-page.ts';
import { FAMILIES, THREATS } from './threats.ts';

const named = namedIds();

describe('threat ids', () => {
  it('every id that a file names has a row: add the threat to tools/threats.ts', () => {
    const unknown = [...named].filter(([id]) => THREATS[id] === undefined);
    expect(unknown.map(([id, sources]) => `${id} in ${sources.map(({ path }) => path).join(', ')}`)).toEqual([]);
  });

  it('every row has a test that names it: write the test, or remove the row', () => {
    expect(Object.keys(THREATS).filter((id) => testsOf(named.get(id) ?? []).length === 0)).toEqual([]);
  });

  it('every row belongs to a family of the page', () => {
    expect(Object.keys(THREATS).filter((id) => !((id[0] as string) in FAMILIES))).toEqual([]);
  });
});
