/** What an operator reads of definitions that are withheld. */
import { createMemoryPins } from '@sallyport/guard/memory';
import { describe, expect, it } from 'vitest';
import type { UpstreamEvent } from '../deps.ts';
import { createWithheldReports, type Withheld } from './withheld.ts';

function reports() {
  const names: string[] = [];
  const reported = createWithheldReports(
    () => undefined,
    (event: UpstreamEvent) => void ('name' in event && names.push(event.name)),
    createMemoryPins(),
  );
  const report = (server: string, withheld: readonly Withheld[]): Promise<unknown> =>
    reported(server, 'tool', withheld);
  return { names, report };
}

describe('withheld definitions', () => {
  it('are reported once for each reason', async () => {
    const { names, report } = reports();
    await report('notes', [{ name: 'a', reason: 'first' }]);
    await report('notes', [
      { name: 'a', reason: 'first' },
      { name: 'a', reason: 'second' },
    ]);
    expect(names).toEqual(['a', 'a']);
  });

  it('J13 have names of printable characters and bounded length', async () => {
    const { names, report } = reports();
    await report('notes', [{ name: `a\n\u001b[31mé${'x'.repeat(500)}`, reason: 'malformed' }]);
    expect(names).toEqual([`a??[31m?${'x'.repeat(500)}`.slice(0, 128)]);
  });

  it('D2 of one list are at most twenty, with a hint at the others, and what is remembered is bounded', async () => {
    const { names, report } = reports();
    const withheld = Array.from({ length: 100 }, (_, index) => ({ name: `tool${index}`, reason: 'malformed' }));
    await report('notes', withheld);
    expect([names.length, names.at(-1)]).toEqual([21, '']);
    for (let round = 0; round < 600; round++) await report(`server${round}`, withheld.slice(0, 20));
    await report('notes', withheld.slice(0, 1));
    expect(names.at(-1)).toBe('tool0');
  });
});
