import { describe, expect, it } from 'vitest';
import { tenantId } from './identifiers.ts';
import { jsonDigest } from './json/digest.ts';

describe('identifiers', () => {
  it('a tenant id is the text itself, and never empty', () => {
    expect(tenantId('acme')).toBe('acme');
    expect(() => tenantId('')).toThrow(RangeError);
  });

  it('a digest does not depend on the order of members', () => {
    expect(jsonDigest({ b: 1, a: [2] })).toBe(jsonDigest({ a: [2], b: 1 }));
    expect(jsonDigest({})).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });
});
