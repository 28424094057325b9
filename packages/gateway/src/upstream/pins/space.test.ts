/** How many bytes of definitions are kept for a server. */
import type { Digest, JsonObject } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { createShownBytes, DEFINITION_BYTES_MAX, SERVER_BYTES_MAX, spaceOf } from './definition-bytes.ts';
import { buildPinIndex } from './pin-index.ts';

const documentOf = (bytes: number): JsonObject => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });
const DIGEST = 'sha-256=' as Digest;
const pendingOf = (name: string, document: JsonObject) => ({
  kind: 'save_pending' as const,
  pending: { server: 'notes', kind: 'tool' as const, name, digest: DIGEST, document, seenAtMs: 0 },
});
const indexOf = (pendingBytes: readonly number[]) =>
  buildPinIndex(
    {
      version: 1,
      pins: [],
      pending: pendingBytes.map((documentBytes, index) => ({
        server: 'notes',
        kind: 'tool',
        name: `kept${index}`,
        digest: DIGEST,
        documentBytes,
      })),
    },
    [],
  );

describe('B5 the definitions of a server', () => {
  it('have at most 256 KiB each and 8 MiB together', () => {
    expect([DEFINITION_BYTES_MAX, SERVER_BYTES_MAX]).toEqual([256 * 1024, 8 * 1024 * 1024]);
  });

  it('that are too large are refused, at the byte', () => {
    const space = spaceOf(indexOf([]), 'notes', createShownBytes(), undefined);
    expect(space.take(pendingOf('fits', documentOf(DEFINITION_BYTES_MAX)))).toBeUndefined();
    expect(space.take(pendingOf('large', documentOf(DEFINITION_BYTES_MAX + 1)))).toContain('larger than');
  });

  it('that are too many together are refused, those that are kept already counted', () => {
    const space = spaceOf(indexOf([SERVER_BYTES_MAX - 2_500]), 'notes', createShownBytes(), undefined);
    const taken = [1, 2, 3].map((index) => space.take(pendingOf(`new${index}`, documentOf(1_000))));
    expect(taken.map((reason) => reason === undefined)).toEqual([true, true, false]);
  });

  it('take the place of what waited under their name', () => {
    const space = spaceOf(indexOf([SERVER_BYTES_MAX - 1_000]), 'notes', createShownBytes(), undefined);
    expect(space.take(pendingOf('other', documentOf(2_000)))).toBeDefined();
    expect(space.take(pendingOf('kept0', documentOf(2_000)))).toBeUndefined();
  });

  it('of another server count for that one', () => {
    expect(
      spaceOf(indexOf([SERVER_BYTES_MAX]), 'others', createShownBytes(), undefined).take(
        pendingOf('new', documentOf(1_000)),
      ),
    ).toBeUndefined();
  });
});
