import { describe, expect, it } from 'vitest';
import {
  ASSUMED_VERSION,
  hasCoreTasks,
  hasVersionHeader,
  isLegacyVersion,
  LEGACY_VERSIONS,
  primesStreams,
  SUPPORTED_VERSIONS,
} from './revisions.ts';

describe('revisions of MCP', () => {
  it('lists the supported versions, newest first', () => {
    expect(SUPPORTED_VERSIONS).toEqual(['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']);
    expect([...SUPPORTED_VERSIONS].sort().reverse()).toEqual(SUPPORTED_VERSIONS);
  });

  it('assumes a version that it speaks', () => expect(LEGACY_VERSIONS).toContain(ASSUMED_VERSION));

  it.each([
    ['2025-11-25', true],
    ['2024-11-05', true],
    ['2026-07-28', false],
    ['2024-10-07', false],
    [20251125, false],
  ])('%j is a legacy version: %j', (version, isLegacy) => expect(isLegacyVersion(version)).toBe(isLegacy));

  it.each([
    ['2025-11-25', true, true, true],
    ['2025-06-18', false, false, true],
    ['2025-03-26', false, false, false],
    ['2024-11-05', false, false, false],
  ])('%s: core tasks %j, priming events %j, version header %j', (version, tasks, primes, header) =>
    expect([hasCoreTasks(version), primesStreams(version), hasVersionHeader(version)]).toEqual([tasks, primes, header]),
  );
});
