/** Errors in a configuration: position, wording, and the limits of what a text can cost. */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { errorOf, errorsOf, folder, load } from './testing/load.mts';

describe('errors name file, line and column', () => {
  it.each([
    ['gatewy: {}', 'sallyport.yaml:1:1: gatewy: unknown key; did you mean "gateway"?'],
    ['gateway:\n  lisen: 1', 'sallyport.yaml:2:3: gateway.lisen: unknown key; did you mean "listen"?'],
    [
      'servers:\n  crm:\n    url: https://x\n    tool: {}',
      'sallyport.yaml:4:5: servers.crm.tool: unknown key; did you mean "tools"?',
    ],
    [
      'identity:\n  issuers:\n    - issuer: https://x\n      audience: y\n      audiance: z',
      'sallyport.yaml:5:7: identity.issuers.0.audiance: unknown key; did you mean "audience"?',
    ],
    [
      'servers:\n  c_r: { url: https://x }',
      'sallyport.yaml:2:3: servers.c_r: the name must be 1-32 characters of a-z 0-9 -',
    ],
    [
      'servers:\n  crm: { url: https://x, timeout: 3 weeks }',
      'sallyport.yaml:2:35: servers.crm.timeout: must be a duration such as 500ms, 30s, 5m or 24h',
    ],
    [
      'servers:\n  crm: { url: https://x, timeout: 30d }',
      'sallyport.yaml:2:35: servers.crm.timeout: must be at most 24d',
    ],
    ['gateway: { requestTimeout: 999999999d }', 'sallyport.yaml:1:28: gateway.requestTimeout: must be at most 24d'],
    [
      'servers: { crm: { url: https://x, links: { idle: 25d } } }',
      'sallyport.yaml:1:50: servers.crm.links.idle: must be at most 24d',
    ],
    ['gateway: { maxBody: 1Gi }', 'sallyport.yaml:1:21: gateway.maxBody: must be at most 256Mi'],
    ['inspect: { maxResult: 999999999999Gi }', 'sallyport.yaml:1:23: inspect.maxResult: must be at most 256Mi'],
    ['gateway: { refusalLimit: 10/d }', 'sallyport.yaml:1:26: gateway.refusalLimit: must come to at least 1/min'],
    [
      'servers: { crm: { url: https://x, tools: { allow: [get, "get_*"] } } }',
      'sallyport.yaml:1:57: servers.crm.tools.allow.1: must be the exact name of a tool',
    ],
    [
      'servers: { crm: { url: https://x, tools: { allow: ["*"] } } }',
      'sallyport.yaml:1:52: servers.crm.tools.allow.0: must be the exact name of a tool',
    ],
    [
      'approvals: { rules: [{ server: "*", tool: "delete_*" }] }',
      'sallyport.yaml:1:43: approvals.rules.0.tool: must be the exact name of a tool (1-128 of A-Z a-z 0-9 _ . -); ' +
        'there are no patterns, only * for every tool',
    ],
    [
      'limits:\n  default: 100/min',
      'sallyport.yaml:2:12: limits.default.0: must say per what: tenant, user, agent or tool',
    ],
    ['limits: { gold: 1/s per user }', 'sallyport.yaml:1:9: limits: must have a "default" tier'],
    [
      'gateway: { listen: "127.0.0.1:70000" }',
      'sallyport.yaml:1:20: gateway.listen: must have a port of at most 65535',
    ],
    ['log: { level: loud }', 'sallyport.yaml:1:15: log.level: expected one of "debug"|"info"|"warn"|"error"'],
    ['tenants: [acme, Acme]', 'sallyport.yaml:1:17: tenants.1: differs from acme in case only'],
    ['tenants: ["../x"]', 'sallyport.yaml:1:11: tenants.0: must be 1-64 characters'],
    ['data: 7', 'sallyport.yaml:1:7: data: expected string, received number'],
    ['a: 1\na: 2', 'sallyport.yaml:2:1: Map keys must be unique'],
    ['a: *x', 'sallyport.yaml:1:4:'],
    ['log: { level: !!js/function "x" }', 'sallyport.yaml:1:15: Unresolved tag'],
    ['gateway: [', 'sallyport.yaml:1:'],
    [
      'approvals: { rules: [{ server: crn, tool: x }] }\nservers: { crm: { url: https://x } }',
      'approvals.rules.0.server: no such server; did you mean "crm"?',
    ],
    [
      'approvals: { rules: [{ server: "*", tool: x, approvers: ["user:a"], required: 2 }] }',
      'approvals.rules.0.required: is more than the users of `approvers`',
    ],
    [
      'approvals: { rules: [{ server: "*", tool: x, approvers: ["group:a"], required: 2, distinct: true }] }',
      'approvals.rules.0.required: is more than the entries of `approvers`, of which each counts once',
    ],
    [
      'approvals: { rules: [{ server: "*", tool: x, approvers: [bob] }] }',
      'must be user:NAME, role:NAME or group:NAME',
    ],
    [
      'approvals: { rules: [{ server: "*", tool: x, approvers: ["user:bob from https://l"] }] }',
      'approvals.rules.0.approvers.0: names an issuer that is not configured',
    ],
    [
      'approvals: { rules: [{ server: "*", tool: x, stepUp: soon }] }',
      'must be true, false, passkey or a duration such as 5m',
    ],
    ['admin: { publicUrl: "https://ops.example.com/x" }', 'admin.publicUrl: must be an origin'],
    ['admin: { publicUrl: "http://ops.example.com" }', 'admin.publicUrl: must be https outside loopback'],
    ['audit: { clearArguments: [crm/a/b] }', 'audit.clearArguments.0: no such server'],
    ['policies: { cedar: ./nowhere }', 'policies.cedar: is not a folder'],
    ['servers: { a: {} }', 'servers.a: must have one of "url", "command", "openapi"'],
    ['servers: { a: { url: https://x, command: [y] } }', 'servers.a: must have one of "url", "command", "openapi"'],
    ['identity: { apiKeys: false }', 'nobody could be let in'],
  ])('%j', (text, expected) => {
    expect(errorOf(text)).toContain(expected);
  });

  it('reports every error at once, in the order of the file', () => {
    expect(errorsOf('gateway: { x: 1 }\nlog: { level: 1 }\ntenants: 3').map((line) => line.split(':')[1])).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('a missing file is an error, not the defaults', () => {
    expect(loadConfig(join(folder, 'none.yaml'), {})).toEqual({
      errors: [
        {
          file: join(folder, 'none.yaml'),
          line: 1,
          column: 1,
          message: `the file does not exist; make one with: sallyport init --file ${join(folder, 'none.yaml')}`,
        },
      ],
    });
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const loaded = load(text);
        if ('errors' in loaded) for (const error of loaded.errors) expect(error.line).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it('R5 an alias bomb costs nothing', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`),
    ].join('\n');
    const cpuBefore = process.cpuUsage();
    expect(errorOf(bomb)).toContain('aliases (*name) are not supported');
    expect(process.cpuUsage(cpuBefore).user / 1_000, 'milliseconds of CPU time').toBeLessThan(500);
  });

  it('J1 __proto__ as a key is refused and pollutes nothing', () => {
    for (const text of [
      '__proto__: { polluted: 1 }',
      'servers: { __proto__: { url: https://x } }',
      'limits: { default: 1/s per user, constructor: 1 }',
    ]) {
      expect(errorsOf(text).length, text).toBeGreaterThan(0);
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

it.each([
  ['tenants: []', 'tenants: must have at least 1 entry'],
  ['gateway: { maxDepth: 2 }', 'gateway.maxDepth: must be at least 4'],
  ['gateway: { maxStreams: 20000 }', 'gateway.maxStreams: must be at most 10000'],
  ['data: ""', 'data: must have at least 1 character'],
])('%s says its bound in words', (text, says) => expect(errorOf(text)).toContain(says));
