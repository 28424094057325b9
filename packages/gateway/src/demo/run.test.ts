import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openToOthers } from '../../../../test/fixtures/file-modes.ts';
import { checkConfiguredPolicies } from '../cli/check-policies.ts';
import type { CliIo } from '../cli/io.ts';
import { formatConfigError, loadConfigText } from '../config.ts';
import { startGateway } from '../main.ts';
import { runDemo } from './run.ts';
import { DEMO_CALLS } from './demo-calls.ts';

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const WAIT = { timeout: 20_000, interval: 50 };

interface Answer {
  result?: { isError?: boolean; content: { text: string }[]; structuredContent?: { error_code?: string } };
  error?: { code: number; message: string };
}

describe('the whole demo', () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'sallyport-demo-run-'));
  let printed = '';
  let demo: { close(): Promise<void> };
  let admin = 0;
  let ports: { gateway: number; admin: number; notes: number };
  const curl = (file: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      execFile('curl', ['-K', join(dataFolder, 'try', file)], (error, out) =>
        error ? reject(error) : resolve(JSON.parse(out) as Answer),
      );
    });
  beforeAll(async () => {
    const [gateway = 0, adminPort = 0, notes = 0] = await freePorts(3);
    admin = adminPort;
    const io: CliIo = {
      stdout: (text) => void (printed += text),
      stderr: () => undefined,
      exit: () => undefined,
      loadFolders: async () => ({
        data: dataFolder,
        audit: join(dataFolder, 'audit'),
        tenants: [],
        tiers: [],
        servers: [],
      }),
    };
    ports = { gateway, admin, notes };
    demo = await runDemo(io, startGateway, { ports, dataFolder });
  });
  afterAll(() => demo.close());

  it('prints every call that it offers, and no key', () => {
    for (const { file } of DEMO_CALLS) expect(printed).toContain(file);
    expect(printed).not.toMatch(/sp_[A-Za-z0-9]/);
  });

  it('each call ends as the banner says', async () => {
    expect((await curl('1-allowed')).result?.content[0]?.text).toBe('Note 2 was added.');
    expect((await curl('2-refused')).result?.structuredContent?.error_code).toBe('PERMISSION_DENIED');
    expect((await curl('3-hidden')).error?.code).toBe(-32602);
    expect((await curl('4-other-tenant')).result?.structuredContent?.error_code).toBe('PERMISSION_DENIED');
    expect((await curl('5-invalid')).result?.structuredContent?.error_code).toBe('INVALID_ARGUMENT');
    const answers: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) answers.push((await curl('6-limited')).result?.structuredContent?.error_code);
    expect(answers).toEqual([undefined, undefined, undefined, undefined, undefined, 'RATE_LIMITED']);
  });

  it('alice asks, bob may not say yes, carol may, and the call goes on by itself', async () => {
    const asked = spawn('curl', ['-K', join(dataFolder, 'try', '7-asks')]);
    let out = '';
    asked.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const ended = once(asked, 'close');
    await vi.waitFor(() => expect(out).toContain('Waiting for approval'), WAIT);
    const id = /approvals\/([0-9a-f]{32})/.exec(out)?.[1] ?? '';
    const approve = async (subject: string): Promise<number> => {
      const key = /SALLYPORT_TOKEN='(.*)'/.exec(readFileSync(join(dataFolder, 'try', `as-${subject}`), 'utf8'))?.[1];
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const url = `http://127.0.0.1:${admin}/api/v1/approvals/${id}/approve`;
      return (await fetch(url, { method: 'POST', headers, body: '{}' })).status;
    };
    expect(await approve('bob')).toBe(403);
    expect(out).not.toContain('was deleted');
    expect(await approve('carol')).toBe(200);
    await ended;
    expect(out).toContain('Note 1 was deleted.');
  });

  it('is ready, counts, and has a checkpoint', async () => {
    const at = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${admin}${path}`);
    expect(await (await at('/ready')).json()).toEqual({
      status: 'ready',
      checks: {
        approvals: 'ok',
        audit: 'ok',
        'audit.tenants.acme': 'ok',
        'audit.tenants.globex': 'ok',
        store: 'ok',
        'servers.everything': 'ok',
        'servers.notes': 'ok',
      },
    });
    expect(await (await at('/metrics')).text()).toContain(
      'mcp_tool_calls_total{server="notes",tool="add_note",outcome="success"} 1',
    );
    expect(await (await at('/audit/acme/checkpoint')).text()).toMatch(/^sallyport\.local\/acme\n\d+\n/);
  });

  it('A3 a definition that changes is withheld, shown with what hides in it, and not approved by carol', async () => {
    expect((await curl('8-changes')).result?.content[0]?.text).toMatch(/was added/);
    expect((await curl('9-withheld')).result?.content[0]?.text ?? '').not.toContain('acme');
    const key = /SALLYPORT_TOKEN='(.*)'/.exec(readFileSync(join(dataFolder, 'try', 'as-carol'), 'utf8'))?.[1];
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const url = `http://127.0.0.1:${admin}/api/v1/servers/notes/definitions/tool/list_notes`;
    const shown = (await (await fetch(url, { headers })).json()) as { readonly digest: string };
    expect(shown).toMatchObject({ state: 'changed', hidden_characters: [{ character: 'U+200B' }] });
    const body = JSON.stringify({ digest: shown.digest });
    expect((await fetch(`${url}/approve`, { method: 'POST', headers, body })).status).toBe(403);
  });

  it('its policies pass the check against what the servers really offer', async () => {
    const file = fileURLToPath(new URL('../../../../examples/demo/sallyport.yaml', import.meta.url));
    const loaded = loadConfigText(readFileSync(file, 'utf8').replaceAll('../../data/demo', dataFolder), file, {
      environment: {},
      folder: dirname(file),
    });
    if ('errors' in loaded) throw new Error(loaded.errors.map(formatConfigError).join());
    expect(await checkConfiguredPolicies(loaded.snapshot)).toEqual({ policies: 5, findings: [] });
  });

  it('A27 nobody else may read a file of its data folder', () => {
    expect(openToOthers(dataFolder)).toEqual([]);
  });

  it('a second demo beside it does not start, and leaves the keys of the first alone', async () => {
    const io: CliIo = {
      stdout: () => undefined,
      stderr: () => undefined,
      exit: () => undefined,
      loadFolders: async () => ({
        data: dataFolder,
        audit: join(dataFolder, 'audit'),
        tenants: [],
        tiers: [],
        servers: [],
      }),
    };
    await expect(runDemo(io, startGateway, { ports, dataFolder })).rejects.toThrow('is in use by another process');
    // The gateway looks a key up again when it has not done so for a while.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_000 });
    try {
      expect((await curl('1-allowed')).result?.content[0]?.text).toMatch(/was added/);
    } finally {
      vi.useRealTimers();
    }
  });

  it('A27 keys are only in the files that curl reads', async () => {
    const key =
      /Bearer (sp_[A-Za-z0-9_-]+)/.exec(readFileSync(join(dataFolder, 'try', '1-allowed'), 'utf8'))?.[1] ?? '';
    expect(key.length).toBeGreaterThan(40);
    const found = await new Promise<string>((resolve) =>
      execFile('grep', ['-rlF', '--', key, dataFolder], (_error, out) => resolve(out)),
    );
    expect(
      found
        .trim()
        .split('\n')
        .every((file) => file.startsWith(join(dataFolder, 'try'))),
    ).toBe(true);
  });
});
