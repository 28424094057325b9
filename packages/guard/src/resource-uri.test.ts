/** B12: one resource, one spelling (RFC 3986, section 6). */
import { describe, expect, it } from 'vitest';
import { uriFault, uriTemplateFault } from './resource-uri.ts';

describe('B12 URIs', () => {
  it.each([
    'file:///srv/a.txt',
    'file:///c:/a.txt',
    'file://server/share/a.txt',
    'mem:x',
    'urn:isbn:0451450523',
    'config://app',
    'note://user@vault.example/a%20b',
    'https://example.com/',
    'https://example.com:8443/a?b=c#d',
    'https://xn--bcher-kva.example/',
    'http://[::1]:8080/',
    'note://vault/caf%C3%A9/%E6%97%A5',
    'x://h/a%2Fb',
    'ui://widget/index.html',
    'db://t/row?q=[x'.replace('[', '%5B'),
    "x:/-._~!$&'()*+,;=:@",
  ])('%s is in normal form', (uri) => expect(uriFault(uri)).toBeUndefined());

  it.each([
    '',
    'a.txt',
    '/etc/passwd',
    ':x',
    '1x:y',
    'File:///a',
    'file:/a',
    'file:a',
    'file://localhost/a',
    'file://127.0.0.1/a',
    'file://127.0.0.2/a',
    'file://127.1/a',
    'file://0/a',
    'file://0.0.0.0/a',
    'file://0x7f000001/a',
    'file://[::1]/a',
    'file://[::]/a',
    'file://[0:0::1]/a',
    'file://h%C3%A9/a',
    'file://server./a',
    'urn:ISBN:0451450523',
    'file:///%61',
    'file:///%7e',
    'file:///a%2fb',
    'file:///a%',
    'file:///a%2',
    'file:///a b',
    'file:///ä',
    'file:///a\\b',
    'file:///a|b',
    'file:///[a]',
    'file:///a?',
    'file:///a#',
    'file:///a?#',
    'file:///a#b#c',
    'file:///./a',
    'file:///a/..',
    'mem:../x',
    'file:///%C0%AF',
    'file:///%FF',
    'file:///e%CC%81',
    'file:///%E2%80%8D',
    'file:///%00',
    'note://Vault/x',
    'note://caf%C3%89/x',
    'note://@vault/x',
    'note://vault:/x',
    'note://vault:080/x',
    'note://vault:x/x',
    'http://example.com',
    'http://example.com:80/',
    'https://example.com:443/',
    'http://user@example.com/',
    'http://example.com./',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://%C3%A9.example/',
    'http:///a',
    'http:a',
    'x://[0:0::1]/',
    'x://[::1%25eth0]/',
    'postgres://db:5432/t',
  ])('%j is not', (uri) => expect(uriFault(uri)).toMatch(/ must | needs /));

  it('a template is judged by what stands around its expressions', () => {
    for (const template of ['file:///{+path}', 'x://{a}.{b}', 'https://{domain}', 'x://a{/segment}', 'x://h/{?q}'])
      expect(uriTemplateFault(template), template).toBeUndefined();
    for (const template of ['{scheme}://x', 'X://{a}', 'x://Host/{a}', 'x://h/%61{a}', 'x://h/a b{c}', ''])
      expect(uriTemplateFault(template), template).toBeDefined();
  });

  it('B1 no text is normalized whose marks would have to be sorted for minutes', () => {
    const marks = (count: number): string => encodeURIComponent('\u0301'.repeat(count));
    expect(uriFault(`note://x/e${marks(1)}`)).toMatch(/NFC/);
    expect(uriFault(`note://x/q${marks(30)}`)).toBeUndefined();
    expect(uriFault(`note://x/q${marks(31)}`)).toMatch(/30 combining marks/);
    expect(uriFault(`note://x/${'a'.repeat(8_192 - 9)}`)).toBeUndefined();
    expect(uriFault(`note://x/${'a'.repeat(8_193 - 9)}`)).toMatch(/8192 characters/);
  });

  it('B1 the time is linear in the length', () => {
    const cost = (length: number): number => {
      const uri = `file:///${'%C3%A9/'.repeat(length)}`;
      const before = process.cpuUsage().user;
      for (let at = 0; at < 5; at++) uriFault(uri);
      return process.cpuUsage().user - before;
    };
    cost(2_000);
    expect(cost(20_000)).toBeLessThan(40 * Math.max(cost(2_000), 2_000));
  });
});
