/** Sealed strings open for whom they were sealed, and for nobody else. */
import { expect, it } from 'vitest';
import { createSealer } from './seal.ts';

const sealer = createSealer(new Uint8Array(32).fill(1));
const kinds = ['seal', 'sealName'] as const;

it.each(kinds)('%s: opens with the same key, purpose and binding only, and has one spelling', (kind) => {
  const sealed = sealer[kind]('task', 'ann', 'öäü 1');
  expect(sealer.open('task', 'ann', sealed)).toBe('öäü 1');
  for (const [purpose, binding, text] of [
    ['task', 'bob', sealed],
    ['session', 'ann', sealed],
    ['task', 'ann', `${sealed}A`],
    ['task', 'ann', sealed.slice(1)],
    ['task', 'ann', `${sealed}=`],
  ] as const) {
    expect(sealer.open(purpose, binding, text)).toBeUndefined();
  }
  expect(createSealer(new Uint8Array(32).fill(2)).open('task', 'ann', sealed)).toBeUndefined();
});

it('sealName gives the same text for the same binding and plain text only; seal never repeats a text', () => {
  expect(sealer.sealName('task', 'ann', '1')).toBe(sealer.sealName('task', 'ann', '1'));
  const names = [
    ['ann', '1'],
    ['ann', '2'],
    ['bob', '1'],
    ['ann1', ''],
  ].map(([binding = '', plain = '']) => sealer.sealName('task', binding, plain));
  expect(new Set(names.map((name) => name.slice(0, 16))).size).toBe(names.length);
  expect(sealer.seal('task', 'ann', '1')).not.toBe(sealer.seal('task', 'ann', '1'));
});

it('A30 a key of fewer than 32 bytes is refused', () => {
  expect(() => createSealer(new Uint8Array(31).fill(1))).toThrow('at least 32 bytes');
});
