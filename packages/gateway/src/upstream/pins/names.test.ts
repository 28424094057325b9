import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookAlikeKeys, nameFault } from '../pins/names.ts';

describe('names', () => {
  it.each(['echo', 'get-sum', 'a.b_c-D9', 'x'.repeat(128), 'a__b'])('%s is fine', (name) =>
    expect(nameFault('tool', name, ['crm'])).toBeUndefined(),
  );
  it.each(['', 'a b', 'é', 'a\n', 'x'.repeat(129), 'a/b', 'crm__delete', 'ａ'])('A5 %j is not', (name) =>
    expect(nameFault('tool', name, ['crm'])).toBeDefined(),
  );
  it('prompts may have spaces inside, URIs must be absolute and visible', () => {
    expect(nameFault('prompt', 'code review', [])).toBeUndefined();
    expect(nameFault('prompt', ' x', [])).toBeDefined();
    expect(nameFault('resource', 'file:///a%20b', [])).toBeUndefined();
    for (const uri of ['/etc/passwd', 'file:///a b', 'file:///a\u202eb', `x:${'y'.repeat(3_000)}`])
      expect(nameFault('resource', uri, [])).toBeDefined();
  });
  const alike = (one: string, two: string): boolean =>
    lookAlikeKeys('tool', one).some((key) => lookAlikeKeys('tool', two).includes(key));
  it.each([
    ['send_mail', 'Send_Mail'],
    ['getInfo', 'getinfo'],
    ['pay1', 'payl'],
    ['payI', 'payl'],
    ['o0', 'OO'],
    ['rnail', 'mail'],
    ['a', 'a.'],
    ['a', 'a_-'],
    ['ｓend', 'send'],
  ])('A5 %s and %s look alike', (one, two) => expect(alike(one, two)).toBe(true));
  it.each([
    ['get_a', 'get_b'],
    ['list', 'lists'],
    ['read_file', 'read_text_file'],
    ['t1', 't2'],
  ])('%s and %s do not', (one, two) => expect(alike(one, two)).toBe(false));
  it('A5 names that differ only in case are always confusable', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/), fc.infiniteStream(fc.boolean()), (name, upper) => {
        const other = [...name]
          .map((letter) => (upper.next().value === true ? letter.toUpperCase() : letter.toLowerCase()))
          .join('');
        return alike(name, other);
      }),
    );
  });
});
