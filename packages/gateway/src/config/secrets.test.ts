/** Secret references: what is refused, what is read, and that no value appears in an error. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { secretsOf } from '../config.ts';
import { weakness } from './secrets.ts';
import { CANARY, errorOf, folder, snapshotOf } from './testing/load.mts';

describe('secrets', () => {
  const withHeader = (value: string, name = 'Authorization'): string =>
    `servers:\n  crm: { url: https://x, headers: { ${name}: ${value} } }`;

  it.each([
    ['{ secret: env:CRM }', 'the environment variable CRM is not set', {}],
    ['{ secret: env:CRM }', 'is empty', { CRM: '' }],
    ['{ secret: env:CRM }', 'is empty', { CRM: '  ' }],
    ['{ secret: env:CRM }', 'is a default or example value', { CRM: 'changeme' }],
    ['{ secret: env:CRM }', 'is a default or example value', { CRM: 'secret-api-key' }],
    ['{ secret: env:CRM }', 'is a default or example value', { CRM: 'your-secret-key' }],
    ['{ secret: env:CRM }', 'is a default or example value', { CRM: 'changemechangemechangemechangeme' }],
    ['{ secret: env:CRM }', 'repeats a few characters', { CRM: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }],
    ['{ secret: env:CRM }', 'contains a line break', { CRM: 'good-5d41402abc\r\nX-Evil: 1' }],
    ['{ secret: "file:/nonexistent/x" }', 'cannot be read (ENOENT)', {}],
  ])('A30 %s refuses: %s', (value, expected, environment) => {
    expect(errorOf(withHeader(value), environment as Record<string, string>)).toContain(expected);
  });

  it.each(['vault:kv/crm#token', 'aws:x', 'azure:x', 'gcp:x', 'k8s:x'])(
    '%s is refused with what to use instead',
    (reference) => {
      expect(errorOf(withHeader(`{ secret: "${reference}" }`))).toContain(
        'not supported by this release; use env:NAME or file:/path',
      );
    },
  );

  it.each([
    ['Authorization', `Bearer ${CANARY}`],
    ['X-Api-Key', CANARY],
    ['api-token', CANARY],
    ['X-Trace', `ghp_${CANARY.replaceAll('-', '')}`],
    ['X-Trace', `eyJhbGciOiJIUzI1NiJ9.${CANARY}.x`],
    ['Cookie', CANARY],
  ])('a literal secret in %s is refused and not repeated', (name, value) => {
    const message = errorOf(withHeader(`"${value}"`, name));
    expect(message).toContain('secrets are never written here');
    expect(message).not.toContain('canary');
  });

  it('a literal secret where a reference belongs, or in arguments, is refused and not repeated', () => {
    const inReference = errorOf(withHeader(`{ secret: ${CANARY} }`));
    const inArgument = errorOf(`servers: { a: { command: [x, "sk-${CANARY.replaceAll('-', '')}"] } }`);
    const message = `${inReference}\n${inArgument}`;
    expect(message).toMatch(/is not a reference[\s\S]*looks like a secret/);
    expect(message).not.toContain('canary');
  });

  it('a syntax error does not repeat the line that it is on', () => {
    const message = errorOf(`servers: { a: { env: { TOKEN: "${CANARY} } } }`);
    expect(message).not.toBe('');
    expect(message).not.toContain('canary');
  });

  it('are read from the environment and from files, without the final line break', () => {
    writeFileSync(join(folder, 'crm.token'), 'tok-5d41402abc4b2a76\n');
    const transport = snapshotOf(withHeader('{ secret: "file:crm.token", prefix: "Bearer " }')).servers[0]?.transport;
    expect(transport).toMatchObject({ headers: { Authorization: 'Bearer tok-5d41402abc4b2a76' } });
  });

  it('A27 their values are known to the logger, with and without the prefix', () => {
    const snapshot = snapshotOf(withHeader('{ secret: env:CRM, prefix: "Bearer " }'), { CRM: 'tok-5d41402abc4b2a76' });
    expect(secretsOf(snapshot)).toEqual(['Bearer tok-5d41402abc4b2a76', 'tok-5d41402abc4b2a76']);
  });

  it.each([
    'data: ./${SECRET}',
    'servers: { a: { url: "https://${SECRET}.example.com" } }',
    'servers: { a: { url: https://x, headers: { X-A: "${SECRET}" } } }',
    'servers: { "${SECRET}": { url: https://x } }',
    'servers: { a: { command: [x, "${SECRET}"] } }',
    'servers: { a: { command: [x], env: { A: "${SECRET}" } } }',
  ])('A28 nothing is expanded: %s', (text) => {
    const message = errorOf(text, { SECRET: CANARY });
    expect(message).toContain('never expanded');
    expect(message).not.toContain(CANARY);
  });

  it('A30 key material of the gateway needs 32 bytes', () => {
    expect(weakness('Hc8sQ1p0zLm5', 32)).toBe('is shorter than 32 bytes');
    expect(weakness(Buffer.alloc(32), 32)).toBeDefined();
    expect(weakness('b7Kq0Zx2Wm9vTn4Lr6Yp1Cs8Fd3Hg5Jk', 32)).toBeUndefined();
  });
});
