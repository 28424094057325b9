import { createSealer } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { callerOf } from '../testing/open-api.mts';
import { createCursors } from './cursor.ts';

describe('cursors', () => {
  const cursors = createCursors(createSealer(Buffer.alloc(32, 1)));
  const olga = callerOf('olga', ['viewer']);
  const name = { list: 'notes', filter: { status: 'open' } };

  it('open for the same caller, list and filter', () => {
    const sealed = cursors.seal(olga, name, { at: 5, id: 'x' });
    expect(cursors.open(olga, name, sealed)).toEqual({ at: 5, id: 'x' });
    expect(cursors.open(olga, name, undefined)).toBeUndefined();
  });

  it('S1 open for nobody else, no other list, no other tenant, and not when they were changed', () => {
    const sealed = cursors.seal(olga, name, { at: 5, id: 'x' });
    for (const [caller, other, text] of [
      [callerOf('otto', ['viewer']), name, sealed],
      [callerOf('olga', ['viewer'], 'globex'), name, sealed],
      [olga, { ...name, list: 'calls' }, sealed],
      [olga, { ...name, filter: {} }, sealed],
      [olga, name, `${sealed}A`],
      [olga, name, ''],
      [olga, name, Buffer.from('{"position":{"at":0}}').toString('base64url')],
    ] as const)
      expect(() => cursors.open(caller, other, text)).toThrow('not of this list');
  });
});
