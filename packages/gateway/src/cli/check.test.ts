/** `sallyport check`: errors, findings and weakenings, as text and as JSON. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { openStore } from '../adapters/sqlite/store.ts';
import { file, folder, run } from './testing/run.mts';

describe('check', () => {
  it('reports errors with file, line and column, and exits with 1', async () => {
    const config = file('bad.yaml', 'gateway:\n  lisen: 1\n');
    expect(await run(['check', '--config', config])).toEqual({
      code: 1,
      out: '',
      err: `${config}:2:3: gateway.lisen: unknown key; did you mean "listen"?\n`,
    });
    const json = await run(['check', '--config', config, '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, errors: [{ file: config, line: 2, column: 3 }] });
  });

  it('a secret reference that does not resolve is an error; its value is never printed', async () => {
    const config = file(
      'secret.yaml',
      'servers: { crm: { url: https://crm.example, headers: { Authorization: { secret: env:CRM } } } }',
    );
    expect((await run(['check', '--config', config])).err).toContain('the environment variable CRM is not set');
    const ran = await run(['check', '--config', config, '--json'], { environment: { CRM: 'canary-5d41402abc4b2a76' } });
    expect(ran.code).toBe(0);
    expect(ran.out + ran.err).not.toContain('canary');
  });

  it('lists every weakening', async () => {
    const config = file('weak.yaml', 'servers: { crm: { url: https://crm.example, additionalArguments: allow } }');
    const { code, out } = await run(['check', '--config', config]);
    expect(code).toBe(0);
    expect(out).toContain('Weakened:\n  servers.crm: definitions are trusted when they are first seen');
    expect(out).toContain('additionalArguments: allow');
    expect(out).toContain('1 server, 0 policies');
    expect(out).toContain('every call is refused');
  });

  it('names the servers whose programs run without a sandbox', async () => {
    const servers = 'a: { command: [x] }, b: { command: [x], sandbox: {} }, c: { url: https://crm.example }';
    const config = file('sandboxes.yaml', `servers: { ${servers} }`);
    expect((await run(['check', '--config', config])).out).toContain('(see servers.<name>.sandbox): a\n');
    const { out } = await run(['check', '--config', config, '--json']);
    expect(JSON.parse(out)).toMatchObject({ notSandboxed: ['a'] });
  });

  it('findings of policies are errors or warnings', async () => {
    const finding = { file: 'p.cedar', line: 3, column: 9, message: 'no such tool "x"; did you mean "y"?' };
    const config = file('one.yaml', 'servers: { crm: { url: https://crm.example } }');
    const failing = await run(['check', '--config', config], {
      checkPolicies: async () => ({ policies: 1, findings: [{ ...finding, severity: 'error' }] }),
    });
    expect(failing).toMatchObject({ code: 1, err: 'p.cedar:3:9: no such tool "x"; did you mean "y"?\n' });
    const warned = await run(['check', '--config', config], {
      checkPolicies: async () => ({ policies: 1, findings: [{ ...finding, severity: 'warning' }] }),
    });
    expect(warned).toMatchObject({ code: 0, err: 'p.cedar:3:9: warning: no such tool "x"; did you mean "y"?\n' });
  });

  it('names the servers that a running gateway does not reach, as warnings', async () => {
    const config = file('down.yaml', 'servers: { crm: { url: https://crm.example } }');
    const asked: string[] = [];
    const serverFailures = async (_snapshot: unknown, how: string): Promise<Record<string, string>> => {
      asked.push(how);
      return { crm: 'the process ended (code 4); standard error: no database' };
    };
    const { code, err, out } = await run(['check', '--config', config], { serverFailures });
    expect([code, err]).toEqual([
      0,
      'warning: crm cannot be reached: the process ended (code 4); standard error: no database\n',
    ]);
    expect(out).toContain('ok (1 server');
    expect((await run(['check', '--config', config, '--servers'], { serverFailures })).code).toBe(1);
    expect(asked).toEqual(['ask', 'start']);
  });

  it('B4 names the tools whose schemas cannot be checked, with the reason', async () => {
    const data = mkdtempSync(join(folder, 'data-'));
    const store = openStore(join(data, 'sallyport.db'));
    const document = { name: 'find', inputSchema: { type: 'object', properties: { a: { pattern: '(a)\\1' } } } };
    await store.pins.approve({
      server: 'crm',
      kind: 'tool',
      name: 'find',
      digest: `sha256:${'a'.repeat(64)}` as Digest,
      document,
      approvedAtMs: 0,
      approvedBy: 'test',
    });
    store.close();
    const config = file('schemas.yaml', `data: ${data}\nservers: { crm: { url: https://crm.example } }`);
    const { code, err } = await run(['check', '--config', config]);
    expect(code).toBe(0);
    expect(err).toContain('warning: crm: find cannot be called: its input schema cannot be checked: ');
    expect(err).toContain('#/properties/a/pattern cannot be matched: back-references');
  });

  it('A5 names what the configured servers offer that is withheld, with the reason', async () => {
    const data = mkdtempSync(join(folder, 'data-'));
    const store = openStore(join(data, 'sallyport.db'));
    const withheld = [{ name: 'elicit (form)', reason: 'characters or length outside the allowed alphabet' }];
    await store.pins.apply([
      { kind: 'note_withheld', server: 'crm', listed: 'tool', withheld },
      { kind: 'note_withheld', server: 'gone', listed: 'tool', withheld },
    ]);
    store.close();
    const config = file('withheld.yaml', `data: ${data}\nservers: { crm: { url: https://crm.example } }`);
    const { code, err } = await run(['check', '--config', config]);
    expect(code).toBe(0);
    expect(err).toBe(
      'warning: crm: tool elicit (form) is withheld: characters or length outside the allowed alphabet\n',
    );
    const { out } = await run(['check', '--config', config, '--json']);
    expect(JSON.parse(out)).toMatchObject({ withheld: [{ server: 'crm', kind: 'tool', ...withheld[0] }] });
  });
});
