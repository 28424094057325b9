/**
 * What a record shows of arguments: nothing that was not listed, and a hash that only the tenant's auditor can look up
 * (A27, J13).
 */
import { describe, expect, it } from 'vitest';
import type { Definition, Json, JsonObject } from '../call.ts';
import { createRedactor } from './redact.ts';
import type { Digest } from '../identifiers.ts';

const keys = new Map(['acme', 'globex', '_'].map((tenant, at) => [tenant, Buffer.alloc(32, at + 1)]));
const redactorOf = (...clear: string[]) =>
  createRedactor({ keyOf: (tenant) => keys.get(tenant) ?? Buffer.alloc(32, 99), clear: () => clear });
const toolOf = (names: readonly string[], more: Partial<Definition> = {}): Definition => ({
  server: 'crm',
  kind: 'tool',
  name: 'find',
  digest: 'sha256:0' as Digest,
  labels: [],
  document: { inputSchema: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, {}])) } },
  ...more,
});
const tool = toolOf(['city', 'name', 'n']);
const shown = (
  clear: readonly string[],
  input: JsonObject,
  definition: Definition | undefined = tool,
  tenant = 'acme',
): JsonObject => redactorOf(...clear).arguments(tenant, definition, input);

describe('arguments in clear', () => {
  it.each<[clear: readonly string[], visible: boolean]>([
    [['crm/find/city'], true],
    [['*/*/city'], true],
    [['crm/*/city'], true],
    [['crm/find/*'], true],
    [['*/*/*'], true],
    [['x/y/z', 'crm/find/city'], true],
    [[], false],
    [['crm/find'], false],
    [['crm/find/city/x'], false],
    [['*'], false],
    [['*/*'], false],
    [[''], false],
    [['//'], false],
    [['mail/find/city'], false],
    [['crm/get/city'], false],
    [['crm/find/name'], false],
    [['CRM/find/city'], false],
    [['crm/find/cit'], false],
    [['c/f/c'], false],
    [['crm/find/city '], false],
    [['crm/fin*/city'], false],
    [['crm/find/ci*'], false],
  ])('%j: %s', (clear, visible) => {
    const said = shown(clear, { city: 'Ulm' });
    if (visible) expect(said).toEqual({ city: 'Ulm' });
    else expect(JSON.stringify(said)).not.toContain('Ulm');
  });

  it('are only those that the schema declares, even when every path is listed', () => {
    const said = shown(['*/*/*'], { city: 'Ulm', canary: 'secret', constructor: 'x' } as JsonObject);
    expect(Object.keys(said).sort()).toEqual(['*', 'city']);
    expect(JSON.stringify(said)).not.toMatch(/canary|secret|constructor/);
  });

  it('are none when the tool was not found', () => {
    const said = redactorOf('*/*/*').arguments('acme', undefined, { city: 'canary', name: 'x' });
    expect(said).toEqual({ '*': { bytes: 28, hash: expect.stringMatching(/^hmac:/) as string, type: 'object' } });
  });

  it('follow the schema of this definition, not of another one with the same name', () => {
    const redactor = redactorOf('*/*/*');
    expect(redactor.arguments('acme', toolOf(['a']), { a: 1, b: 2 })).toHaveProperty('a', 1);
    expect(redactor.arguments('acme', toolOf(['b']), { a: 1, b: 2 })).not.toHaveProperty('a');
  });

  it('of a prompt are those that its document declares', () => {
    const prompt = toolOf([], { kind: 'prompt', document: { arguments: [{ name: 'city' }] } });
    expect(shown(['crm/find/city'], { city: 'Ulm', more: 'x' }, prompt)).toMatchObject({
      city: 'Ulm',
      '*': { type: 'object' },
    });
  });
});

describe('hashed arguments', () => {
  const hashOf = (value: Json, tenant = 'acme', name = 'name'): unknown =>
    (shown([], { [name]: value }, tool, tenant)[name] as JsonObject)['hash'];

  it.each<[value: Json, type: string, bytes: number]>([
    ['Ulm', 'string', 5],
    [1, 'number', 1],
    [true, 'boolean', 4],
    [null, 'null', 4],
    [[1], 'array', 3],
    [{ a: 1 }, 'object', 7],
    ['é', 'string', 4],
    ['', 'string', 2],
  ])('%j with type and size', (value, type, bytes) => {
    expect(shown([], { name: value })).toEqual({
      name: { bytes, hash: expect.stringMatching(/^hmac:[0-9a-f]{32}$/) as string, type },
    });
  });

  it('have the same hash in any order of members and under any name, so that an auditor can find a value', () => {
    expect(hashOf({ a: 1, b: { d: 1, c: 2 } })).toBe(hashOf({ b: { c: 2, d: 1 }, a: 1 }));
    expect(hashOf('Ulm')).toBe(hashOf('Ulm', 'acme', 'city'));
    expect(new Set([1, '1', [1], 'true', true, null, 'null', '', {}, []].map((value) => hashOf(value))).size).toBe(10);
  });

  it('are hashed under the key of the tenant: values of two tenants cannot be compared', async () => {
    const { createHmac, createHash } = await import('node:crypto');
    expect(hashOf('Ulm')).toBe(
      `hmac:${createHmac('sha256', keys.get('acme') as Buffer)
        .update('"Ulm"')
        .digest('hex')
        .slice(0, 32)}`,
    );
    expect(new Set(['acme', 'globex', '_'].map((tenant) => hashOf('Ulm', tenant))).size).toBe(3);
    expect(hashOf('Ulm')).not.toContain(createHash('sha256').update('"Ulm"').digest('hex').slice(0, 32));
    expect(redactorOf().text('acme', 'x')).not.toBe(redactorOf().text('globex', 'x'));
  });

  it('that are not declared share one hash with their names', () => {
    const one = shown([], { zz: 1, '!odd': 'x' });
    expect(one).toEqual(shown([], { '!odd': 'x', zz: 1 }));
    expect(one).not.toEqual(shown([], { zz: 1, '!odd': 'y' }));
    expect(one).not.toEqual(shown([], { zy: 1, '!odd': 'x' }));
    expect(Object.keys(one)).toEqual(['*']);
  });

  it('are absent when the call has none', () => expect(shown([], {})).toEqual({}));
});
