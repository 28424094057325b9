import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERRORS, METHODS } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { systemClock } from '@sallyport/guard/memory';
import { loadPolicies } from '../packages/gateway/src/adapters/cedar/load.ts';
import { pages, REFERENCE } from './docs.ts';
import { EXAMPLES } from './policy-page.ts';

describe('docs/reference says what the code says', async () => {
  for (const [name, text] of await pages()) {
    it(name, () => {
      const file = join(REFERENCE, name);
      expect(
        existsSync(file) ? readFileSync(file, 'utf8') : '',
        `docs/reference/${name} is out of date: run "npm run docs" and commit what it writes`,
      ).toBe(text);
    });
  }

  it('the example policies are policies', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-examples-'));
    writeFileSync(join(folder, 'examples.cedar'), EXAMPLES.map(([, policy]) => policy).join('\n'));
    expect(loadPolicies(folder, systemClock).policies).toHaveLength(EXAMPLES.length);
    rmSync(folder, { recursive: true });
  });

  it('every error code and every method has its row, and the unrecorded ones are published', async () => {
    const all = await pages();
    for (const code of Object.keys(ERRORS)) expect(all.get('errors.md')).toContain(`| \`${code}\` |`);
    for (const [method, row] of Object.entries(METHODS)) {
      expect(all.get('methods.md')).toContain(`| \`${method}\` |`);
      expect(all.get('methods.md')?.includes(`\n- \`${method}\``)).toBe(row.audit === 'refused only');
    }
  });
});
