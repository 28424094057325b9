/** `sallyport init`: what it writes is valid, also where it is commented out. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Definition, JsonObject, PolicyRequest, Digest, TenantId, PrincipalKey } from '@sallyport/guard';
import { loadPolicies } from '../adapters/cedar/load.ts';
import { loadConfigText } from '../config.ts';
import { makeCertificate } from '../../../server/src/listen/testing/certificate.mts';
import type { Snapshot } from '../snapshot.ts';
import { configTemplate, policyTemplate } from './init-templates.ts';
import { run } from './testing/run.mts';

describe('init', () => {
  it('writes a configuration that passes check, and a policy, and never overwrites them', async () => {
    const target = join(mkdtempSync(join(tmpdir(), 'sallyport-init-')), 'sallyport.yaml');
    expect((await run(['init', '--file', target, '--tenant', 'acme'])).code).toBe(0);
    expect(await run(['check', '--config', target])).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^.*:\d+:\d+: warning: there are no servers.*\n$/) as string,
    });
    writeFileSync(target, 'mine');
    const again = await run(['init', '--file', target]);
    expect(again.code).toBe(1);
    expect(again.err).toContain('exists and was left as it is');
    expect(readFileSync(target, 'utf8')).toBe('mine');
    expect(existsSync(join(target, '..', 'policies', 'main.cedar'))).toBe(true);
  });

  it('every commented-out key is valid when its # is removed', () => {
    const here = mkdtempSync(join(tmpdir(), 'sallyport-init-'));
    mkdirSync(join(here, 'policies'));
    makeCertificate(here, 'x', 'key.pem', 'cert.pem');
    const text = configTemplate('acme')
      .replace('servers: {}\n', '')
      .replace(/^( *)# (?= *[a-zA-Z]+:(?: |$)| *- )/gm, '$1')
      .replaceAll('./tls/cert.pem', './cert.pem')
      .replaceAll('./tls/key.pem', './key.pem')
      .split('\n')
      .filter(
        (line) =>
          !/^(Keys made|Every key|Secrets are|The URL|approval: a|Calls that|Arguments that|Access tokens)/.test(
            line.trim(),
          ),
      )
      .join('\n');
    const loaded = loadConfigText(text, 'template', {
      environment: { SEARCH_TOKEN: 'tok-5d41402abc4b2a76' },
      folder: here,
    });
    expect('errors' in loaded ? loaded.errors : []).toEqual([]);
    expect((loaded as { snapshot: Snapshot }).snapshot.servers.map((server) => server.name)).toEqual([
      'files',
      'search',
    ]);
    expect((loaded as { snapshot: Snapshot }).snapshot.approvals.rules).toHaveLength(2);
  });

  it('its first example policy permits the read-only tools of one server, and no other', () => {
    const here = mkdtempSync(join(tmpdir(), 'sallyport-init-'));
    writeFileSync(
      join(here, 'main.cedar'),
      policyTemplate('acme')
        .replace(/^\/\/ (?!Example|Who|Check)/gm, '')
        .replace(/^\/\/$/gm, ''),
    );
    const { engine, policies } = loadPolicies(here, { now: () => 0 });
    expect(policies).toHaveLength(2);
    const principal = {
      user: { issuer: 'i', subject: 'ann', roles: ['analyst'], groups: [], claims: {} },
      agent: { clientId: 'c', actors: [] },
      scopes: [],
      tenantClaim: 'acme',
      tier: undefined,
      expiresAtMs: undefined,
      key: 'k' as PrincipalKey,
    };
    const call = { origin: { address: '127.0.0.1' } } as unknown as PolicyRequest['call'];
    const effect = (server: string, annotations: JsonObject): string => {
      const definition: Definition = {
        server,
        kind: 'tool',
        name: 'find',
        digest: 'sha256:0' as Digest,
        labels: [],
        document: { name: 'find', annotations },
      };
      return engine.decide({
        principal,
        tenant: { id: 'acme' as TenantId },
        action: 'call',
        definition,
        input: {},
        call,
      }).effect;
    };
    expect([
      effect('search', { readOnlyHint: true }),
      effect('search', { readOnlyHint: false }),
      effect('search', {}),
      effect('crm', { readOnlyHint: true }),
    ]).toEqual(['allow', 'deny', 'deny', 'deny']);
  });
});
