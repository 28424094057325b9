/** All errors of a file are found in one round, whatever kind they are of, and none that only follows from another. */
import { describe, expect, it } from 'vitest';
import { errorsOf } from './testing/load.mts';

describe('one round', () => {
  it.each<[what: string, text: string, errors: readonly string[]]>([
    [
      'an unknown key, a value of a wrong type, and what values mean together',
      'gatewy: {}\nadmin: { listen: "0.0.0.0:1" }\ndata: 7\npolicies: { cedar: ./nowhere }\nservers: { a: { url: ftp://x } }',
      [
        'gatewy: unknown key',
        'admin.listen: is outside',
        'data: expected string',
        'cedar: is not',
        'a.url: must be an',
      ],
    ],
    [
      'what follows from a wrong value is not reported',
      'servers: { a: { url: 7 }, b: { command: 3 } }',
      ['servers.a.url: expected string', 'servers.b.command: must be a program'],
    ],
    [
      'the tenants are wrong, and others name tenants',
      'tenants: 3\nidentity: { issuers: [{ issuer: "https://x", audience: y, tenants: [acme] }] }',
      ['tenants: expected array'],
    ],
    [
      'an entry of a list is wrong, and the one after it names a server that is not there',
      'approvals: { rules: [{ server: "*", tool: "x*" }, { server: nope, tool: x }] }',
      ['rules.0.tool: must be the exact name', 'rules.1.server: no such server'],
    ],
    [
      'a key is there twice, a variable would not be expanded, and a secret is not set',
      'data: "${HOME}/x"\ndata: y\nservers: { a: { url: https://x, headers: { X: { secret: env:NOT_SET } } } }',
      ['contains "${"', 'Map keys must be unique', 'NOT_SET is not set'],
    ],
    [
      'what holds something that is missing is left out',
      'identity: { issuers: [{ audience: x }, { issuer: "http://l.example", audience: x }] }\nlimits: { gold: 1/s per user }',
      [
        'issuers.0.issuer: expected string, but it is missing',
        'issuers.1.issuer: must be an https',
        'must have a "default"',
      ],
    ],
  ])('%s', (_what, text, expected) => {
    const errors = errorsOf(text);
    expect(errors).toHaveLength(expected.length);
    for (const part of expected)
      expect(
        errors.filter((line) => line.includes(part)),
        part,
      ).toHaveLength(1);
  });

  it('a position after an entry that was left out is the one in the file', () => {
    const [, second] = errorsOf(
      'approvals:\n  rules:\n    - { server: "*", tool: "x*" }\n    - { server: no, tool: x }',
    );
    expect(second).toMatch(/^sallyport.yaml:4:17: approvals.rules.1.server/);
  });

  it('a text that cannot be read, and one with aliases, have no more errors than that', () => {
    expect(errorsOf('data: 7\ngateway: [').every((line) => !line.includes('data'))).toBe(true);
    expect(errorsOf('a: *x')).toHaveLength(1);
  });
});
