/** `sallyport scan`: files, servers, and its three ways to tell. */
import { mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Digest, PendingPin } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import type { ProbedServer } from '../probe-server.ts';
import { file, run } from './testing/run.mts';

const good = {
  name: 'get_customer',
  description: 'Looks up one customer by id. Use it when the id is known.',
  inputSchema: { type: 'object', properties: { id: { type: 'string', description: 'Its id.' } } },
};
const bad = { ...good, name: 'delete_customer', annotations: { readOnlyHint: true } };

describe('a file', () => {
  it.each([
    ['the result of tools/list', JSON.stringify({ tools: [good, bad] })],
    ['a JSON-RPC response', JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools: [good, bad] } })],
    ['a list of tools', JSON.stringify([good, bad])],
    ['JSON Lines', `${JSON.stringify({ ...good, annotations: null })}\n${JSON.stringify(bad)}\n`],
  ])('may hold %s', async (_what, text) => {
    const { code, out } = await run(['scan', file('tools.json', text)]);
    expect(code).toBe(1);
    expect(out).toBe(
      'error delete_customer/annotations  ' +
        'The name says "delete", and the annotations say it only reads. [effect-matches-name]\n' +
        '2 definitions, 1 without findings\n',
    );
  });

  it('of others is not judged by bounds, unless they are one’s own', async () => {
    const path = file('own.json', JSON.stringify([good]));
    expect(await run(['scan', path])).toMatchObject({ code: 0, out: '1 definitions, 1 without findings\n' });
    expect((await run(['scan', path, '--own'])).out).toContain('[string-bounded]');
  });

  it('without definitions is said to have none', async () => {
    const { code, err } = await run(['scan', file('empty.json', '{}')]);
    expect([code, err]).toEqual([1, expect.stringContaining('holds no definitions')]);
  });

  it('is told as JSON and as SARIF', async () => {
    const path = file('both.json', JSON.stringify([bad]));
    expect(JSON.parse((await run(['scan', path, '--json'])).out)).toMatchObject({
      definitions: 1,
      findings: [{ rule: 'effect-matches-name', severity: 'error', definition: 'delete_customer', at: '/annotations' }],
    });
    expect(JSON.parse((await run(['scan', path, '--sarif'])).out)).toMatchObject({
      version: '2.1.0',
      runs: [{ results: [{ ruleId: 'effect-matches-name', level: 'error' }] }],
    });
  });
});

describe('a server', () => {
  const waits = (document: typeof bad): PendingPin =>
    ({ server: 'scanned', kind: 'tool', name: document.name, digest: 'd' as Digest, document, seenAtMs: 0 }) as never;
  const probed = (more: Partial<ProbedServer>): ProbedServer => ({
    failure: undefined,
    approved: [],
    waiting: [],
    withheld: [],
    ...more,
  });

  it('is asked, and leaves nothing behind', async () => {
    mkdirSync(tmpdir(), { recursive: true });
    const asked: unknown[] = [];
    const { code, out } = await run(['scan', '--', 'node', 'server.js'], {
      environment: { PATH: process.env['PATH'] ?? '' },
      probeServer: async ({ servers }) => {
        asked.push(servers[0]?.transport);
        return probed({ waiting: [waits(bad)] });
      },
    });
    expect([code, out]).toEqual([1, expect.stringContaining('[effect-matches-name]')]);
    expect(asked).toMatchObject([{ kind: 'stdio', command: 'node', args: ['server.js'] }]);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('sallyport-scan-'))).toEqual([]);
  });

  it('that offers what a gateway would not serve is found out', async () => {
    const withheld = [{ server: 'scanned', kind: 'tool', name: 'a\u202eb', reason: 'hidden text', firstSeenMs: 0 }];
    const { code, out } = await run(['scan', 'https://search.example.com/mcp'], {
      environment: {},
      probeServer: async () => probed({ withheld: withheld as never }),
    });
    expect([code, out]).toEqual([1, expect.stringMatching(/error tool a\S+b {2}is not served: hidden text/)]);
  });

  it('that cannot be reached is said to be', async () => {
    const ran = await run(['scan', 'https://search.example.com/mcp'], {
      environment: {},
      probeServer: async () => probed({ failure: 'connection refused' }),
    });
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('cannot be reached: connection refused')]);
  });
});
