import { describe, expect, it } from 'vitest';
import { digestOf } from '../pins/digest.ts';

describe('what is pinned', () => {
  it('is every field, in any order', () => {
    expect(digestOf('tool', { name: 'a', b: 1 })).toBe(digestOf('tool', { b: 1, name: 'a' }));
    expect(digestOf('tool', { name: 'a' })).not.toBe(digestOf('tool', { name: 'a', size: 1 }));
    expect(digestOf('tool', { name: 'a' })).toBe(
      'sha256:d9d719b27480b55cd4918020e7473e716ed3569c8adafe926cf9b10b4f8ef064',
    );
  });
  it('of a resource, without the facts of its content', () => {
    const base = { uri: 'x:a', name: 'a', annotations: { audience: ['user'] } };
    expect(digestOf('resource', { ...base, size: 5, annotations: { ...base.annotations, lastModified: '2026' } })).toBe(
      digestOf('resource', base),
    );
    expect(digestOf('resource', { ...base, description: 'x' })).not.toBe(digestOf('resource', base));
    expect(digestOf('resource', { ...base, annotations: { audience: ['assistant'] } })).not.toBe(
      digestOf('resource', base),
    );
  });
  it('of a server, its words and what it can do, not its version', () => {
    const base = { serverInfo: { name: 's', version: '1' }, capabilities: {}, instructions: 'Be kind.' };
    expect(digestOf('server', { ...base, serverInfo: { name: 's', version: '2' } })).toBe(digestOf('server', base));
    expect(digestOf('server', { ...base, capabilities: { tools: {} } })).not.toBe(digestOf('server', base));
    expect(digestOf('server', { ...base, capabilities: { 'x-y': { text: 'z' } } })).toBe(digestOf('server', base));
    expect(digestOf('server', { ...base, instructions: 'Be rude.' })).not.toBe(digestOf('server', base));
    expect(digestOf('server', { ...base, serverInfo: { name: 's', version: '1', title: 'T' } })).not.toBe(
      digestOf('server', base),
    );
  });
});
