import { describe, expect, it } from 'vitest';
import { compileTemplate, createTemplateMatcher, hasDotSegments } from '../pins/template.ts';

const matches = (template: string, uri: string): boolean => {
  const parts = compileTemplate(template);
  return parts !== undefined && createTemplateMatcher(uri)(parts);
};

describe('templates (RFC 6570, levels 1 and 2)', () => {
  it.each([
    ['test://item/{id}', 'test://item/7', true],
    ['test://item/{id}', 'test://item/', false],
    ['test://item/{id}', 'test://item/7/8', false],
    ['test://item/{id}', 'test://item/a%20b', true],
    ['test://item/{id}', 'test://item/a?b', false],
    ['test://item/{id}/data', 'test://item/7/data', true],
    ['test://item/{id}/data', 'test://item/7/other', false],
    ['file:///{+path}', 'file:///a/b/c.txt', true],
    ['db://{table}/{row}', 'db://users/9', true],
    ['db://{table}/{row}', 'db://users', false],
    ['x://a{/segment}', 'x://a/b', true],
    ['x://a{.ext}', 'x://a.txt', true],
    ['x://{a}.{b}', 'x://1.2', true],
    ['test://item/{id}', 'TEST://item/7', false],
  ])('%s and %s: %s', (template, uri, expected) => expect(matches(template, uri)).toBe(expected));

  it.each(['x://{a}{b}', 'x://{a', 'x://a}', 'x://{}', 'x://{;a}', 'x://{a,b}', 'x://{?q}'])(
    '%s cannot be matched safely, so it matches nothing',
    (template) => {
      expect(compileTemplate(template)).toBeUndefined();
    },
  );

  it.each([
    'file:///docs/../etc/passwd',
    'file:///docs/%2e%2e/etc',
    'file:///docs/.%2E/etc',
    'file:///docs/%252e%252e/etc',
    'file:///docs/%25252525252e./x',
    'file:///docs/..%2fetc',
    'file:///docs\\..\\etc',
    'file:///docs/..',
    'file:///./a',
    'file:///docs/..?x',
    'file:///docs/%2e%2e%5cetc',
  ])('S7 %s leaves its folder, however it is written', (uri) => {
    expect(hasDotSegments(uri)).toBe(true);
    expect(matches('file:///{+path}', uri)).toBe(false);
  });

  it.each([
    'file:///docs/a..b',
    'file:///docs/...',
    'file:///docs/.hidden',
    'file:///docs/v1.2/x.txt',
    'https://example.com/a',
  ])('%s does not', (uri) => expect(hasDotSegments(uri)).toBe(false));

  it('B1 the values of one URI are judged for so many templates, whatever a server lists', () => {
    const uri = `file:///${'a/'.repeat(4_000)}z`;
    const [fits, other] = ['file:///{+path}', 'file:///{segment}z'].map((text) => compileTemplate(text) ?? []);
    if (fits === undefined || other === undefined) throw new Error('both compile');
    expect(createTemplateMatcher(uri)(fits)).toBe(true);
    const matches = createTemplateMatcher(uri);
    for (let at = 0; at < 100; at++) expect(matches(other)).toBe(false);
    expect(matches(fits)).toBe(false);
  });

  it('S7 is answered in linear time', () => {
    const cpuBefore = process.cpuUsage();
    for (let at = 0; at < 50; at++) matches(`x://${'{a}/'.repeat(60)}end`, `x://${'a/'.repeat(4_000)}`);
    expect(process.cpuUsage(cpuBefore).user / 1_000, 'milliseconds of CPU time').toBeLessThan(1_000);
  });
});
