/** A27: what people read of the configuration in force, and that none of its secrets is in it. */
import { describe, expect, it } from 'vitest';
import { loadConfigText } from '../config.ts';
import { effectiveSettings, type EffectiveSetting } from './effective.ts';

const TEXT = `
tenants: [acme]
servers:
  crm:
    url: https://crm.example.com/mcp?key=CANARY
    headers:
      Authorization: { secret: env:CRM_TOKEN, prefix: "Bearer " }
      X-Team: CANARY
  files:
    command: [node, server.js, --password, CANARY, --api-key=CANARY, --root=/srv]
    env: { HOME_TOKEN: { secret: env:CRM_TOKEN }, MODE: CANARY }
    pin: first_use
log: { level: warn }
`;

function settings(): ReadonlyMap<string, EffectiveSetting> {
  const loaded = loadConfigText(TEXT, 'test', { environment: { CRM_TOKEN: 'CANARY-of-the-environment' }, folder: '/' });
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return new Map(effectiveSettings(loaded.snapshot.written).map((setting) => [setting.path, setting]));
}

describe('A27 the settings in force', () => {
  it('hold no secret, whether it was a reference or a literal', () => {
    expect(JSON.stringify([...settings().values()])).not.toContain('CANARY');
    expect(settings().get('servers.crm.headers.Authorization')).toEqual({
      path: 'servers.crm.headers.Authorization',
      value: { secret: 'env:CRM_TOKEN', prefix: 'Bearer ' },
      default: undefined,
      origin: 'environment',
      secret: true,
    });
    expect(settings().get('servers.crm.headers.X-Team')).toMatchObject({ value: null, secret: true });
    expect(settings().get('servers.files.env.MODE')).toMatchObject({ value: null, secret: true });
    expect(settings().get('servers.crm.url')).toMatchObject({ value: 'https://crm.example.com/mcp', secret: true });
    expect(settings().get('servers.files.command')?.value).toEqual([
      'node',
      'server.js',
      '--password',
      null,
      null,
      '--root=/srv',
    ]);
  });
  it('say what is written, what would be the default, and which of them it is', () => {
    expect(settings().get('log.level')).toMatchObject({
      value: 'warn',
      default: 'info',
      origin: 'file',
      secret: false,
    });
    expect(settings().get('gateway.listen')).toMatchObject({
      value: '127.0.0.1:8700',
      default: '127.0.0.1:8700',
      origin: 'default',
    });
    expect(settings().get('shutdown.grace')).toMatchObject({ value: '30s', origin: 'default' });
    expect(settings().get('tenants')).toMatchObject({ value: ['acme'], origin: 'file' });
    expect(settings().get('servers.files.pin')).toMatchObject({ value: 'first_use', origin: 'file' });
    expect(settings().get('servers.files.timeout')).toMatchObject({ origin: 'default' });
    expect(settings().has('servers.other.pin')).toBe(false);
  });
});
