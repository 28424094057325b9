/** `sallyport add`: what it writes, asks and refuses; the server itself is played. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest, PendingPin } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { loadPolicies } from '../adapters/cedar/load.ts';
import type { ProbedServer } from '../probe-server.ts';
import type { Prompts } from './prompts.ts';
import { folder, run, type RunOptions } from './testing/run.mts';

const waits = (name: string, annotations = {}): PendingPin => ({
  server: 'files',
  kind: 'tool',
  name,
  digest: 'sha256:0' as Digest,
  document: { name, description: `does ${name}`, annotations },
  seenAtMs: 0,
});
const PROBED: ProbedServer = {
  failure: undefined,
  approved: [],
  waiting: [waits('read', { readOnlyHint: true }), waits('write', { destructiveHint: true })],
  withheld: [
    { server: 'files', kind: 'tool', name: 'bad name', reason: 'characters outside', firstSeenMs: 0 } as never,
  ],
};

const adding = async (args: readonly string[], text: string, options: RunOptions = {}) => {
  const here = mkdtempSync(join(folder, 'add-'));
  const config = join(here, 'sallyport.yaml');
  writeFileSync(config, text);
  const approved: string[] = [];
  const probed: unknown[] = [];
  const ran = await run(['--config', config, 'add', ...args], {
    environment: { PATH: process.env['PATH'] ?? '', TOKEN: 'tok-5d41402abc4b2a76' },
    probeServer: async ({ servers }) => {
      probed.push(servers[0]?.transport);
      return PROBED;
    },
    approveWaiting: async (_snapshot, waiting) => void approved.push(...waiting.map(({ name }) => name)),
    ...options,
  });
  const policy = join(here, 'policies', 'files.cedar');
  return {
    here,
    ran,
    approved,
    probed,
    config: readFileSync(config, 'utf8'),
    policy: existsSync(policy) ? readFileSync(policy, 'utf8') : undefined,
  };
};

describe('add', () => {
  it('writes the server and a policy for what only reads, and approves nothing by itself', async () => {
    const { here, ran, approved, config, policy } = await adding(['files', '--', 'node', 'x.js', '--flag'], '# mine\n');
    expect([ran.code, approved]).toEqual([0, []]);
    expect(config).toBe(
      '# mine\n\nservers:\n  files:\n    command: [node, x.js, --flag]\n    pin: approval\n\npolicies:\n  cedar: ./policies\n',
    );
    expect(ran.out).toMatch(/tool {2}read {3}only reads {2}does read\n.*tool {2}write {2}destroys/);
    expect(ran.err).toContain('warning: tool bad name is withheld: characters outside');
    expect(ran.out).toContain('sallyport pins approve files --all');
    expect(policy).toContain('Tool::"files/read"\n');
    expect(policy).toMatch(/^\/\/ {5}Tool::"files\/write"/m);
    expect(loadPolicies(join(here, 'policies'), { now: () => 0 }).policies).toHaveLength(1);
  });

  it('approves on request, and permits what is said', async () => {
    const { approved, policy, ran } = await adding(
      ['files', '--approve', '--permit', 'all', '--role', 'dev', '--json', '--', 'node', 'x.js'],
      'pins: { mode: approval }\n',
    );
    expect(approved).toEqual(['read', 'write']);
    expect(policy).toContain('principal in Role::"dev"');
    expect(policy).not.toContain('// permit');
    expect(JSON.parse(ran.out)).toMatchObject({
      server: 'files',
      policy: { written: true, permits: ['read', 'write'] },
      definitions: [{ name: 'read', approved: true }, { name: 'write' }],
      url: 'http://127.0.0.1:8700/mcp/files',
    });
  });

  it('asks in a terminal', async () => {
    const asked: string[] = [];
    const prompts = {
      select: async (question: string) => (asked.push(question), 'none'),
      confirm: async (question: string) => (asked.push(question), true),
    } as unknown as Prompts;
    const { approved, policy } = await adding(['files', '--', 'node'], '', { prompts: async () => prompts });
    expect(asked).toEqual(['What may be called with a key?', 'Approve these 2 definitions as they are now?']);
    expect(approved).toEqual(['read', 'write']);
    expect(policy).not.toMatch(/^permit/m);
  });

  it('a URL with a header, and variables, are references', async () => {
    const { config, probed } = await adding(
      ['files', 'https://s.example/mcp', '--header', 'Authorization: Bearer env:TOKEN', '--allow', 'read'],
      'servers: {}\n',
    );
    expect(config).toContain(
      '    headers:\n      Authorization: { secret: env:TOKEN, prefix: "Bearer " }\n    tools: { allow: [read] }\n',
    );
    expect(probed).toMatchObject([
      { url: 'https://s.example/mcp', headers: { Authorization: 'Bearer tok-5d41402abc4b2a76' } },
    ]);
  });

  it('a server that is configured is only asked', async () => {
    const text = 'servers: { files: { command: [node] } }\npolicies: { cedar: . }\n';
    const { config, policy, ran, here } = await adding(['files', '--approve'], text);
    expect([ran.code, config, policy]).toEqual([0, text, undefined]);
    expect(existsSync(join(here, 'files.cedar'))).toBe(true);
  });

  it.each<[args: readonly string[], text: string, code: number, why: string]>([
    [['files'], '', 1, 'sallyport add files -- COMMAND'],
    [['files', '--', 'node'], 'servers: { files: { command: [x] } }', 1, 'names a server files already'],
    [['fi_les', '--', 'node'], '', 1, 'the name must be 1-32 characters of a-z 0-9 -'],
    [['files', 'http://far.example/mcp'], '', 1, 'must be https outside loopback'],
    [['files', '--env', 'API_TOKEN=hunter22', '--', 'node'], '', 1, 'name where it is: env:NAME or file:PATH'],
    [['files', '--env', 'X=env:NOT_SET', '--', 'node'], '', 1, 'NOT_SET is not set'],
    [['files', '--', 'node', 'ghp_canary5d41402abc4b2a7600'], '', 1, 'looks like a secret'],
    [['files', '--', 'node'], 'tenants: [a, b]', 1, '--tenant a or b'],
    [['files', '--tenant', 'c', '--', 'node'], 'tenants: [a, b]', 1, 'no tenant c'],
    [['files', '--', 'node'], 'a: 1', 1, 'unknown key'],
  ])('%j on %j is refused, and nothing is changed', async (args, text, code, why) => {
    const { ran, config, policy, approved } = await adding(args, text);
    expect([ran.code, config, policy, approved]).toEqual([code, text, undefined, []]);
    expect(ran.err).toContain(why);
    expect(ran.err).not.toMatch(/hunter22|canary/);
  });

  it('a server that cannot be reached is not added, and its last words are shown', async () => {
    const failure = 'the process ended (code 4); standard error: no database';
    const { ran, config, policy } = await adding(['files', '--', 'node'], '# mine\n', {
      probeServer: async () => ({ ...PROBED, failure }),
    });
    expect([ran.code, config, policy]).toEqual([1, '# mine\n', undefined]);
    expect(ran.err).toContain(failure);
  });
});
