/** B5: what hostile servers make the gateway keep is bounded over all of them, and for each tenant and user. */
import { expect, it } from 'vitest';
import type { Digest, PendingDigest, PinChange, ShareHolder } from '@sallyport/guard';
import { ALL_BYTES_MAX, createShownBytes, SERVER_BYTES_MAX, spaceOf } from './definition-bytes.ts';
import { buildPinIndex } from './pin-index.ts';

const DOCUMENT = { description: 'd'.repeat(200_000) };
const BYTES = JSON.stringify(DOCUMENT).length;

/** Definitions that wait for approval, as a store keeps them. */
function openStore() {
  const pending: PendingDigest[] = [];
  const shown = createShownBytes();
  let version = 0;
  /** A server shows one more definition after the other until one is withheld. @returns how many bytes were kept. */
  const fill = (server: string, viewer?: ShareHolder): number => {
    for (let kept = 0; ; kept += BYTES) {
      const pins = buildPinIndex({ version: ++version, pins: [], pending }, []);
      const one = { server, kind: 'tool', name: `t${version}`, digest: 'sha256:0' as Digest } as const;
      const change: PinChange = { kind: 'save_pending', pending: { ...one, document: DOCUMENT, seenAtMs: 0 } };
      if (spaceOf(pins, server, shown, viewer).take(change) !== undefined) return kept;
      pending.push({ ...one, documentBytes: BYTES });
    }
  };
  return { fill, all: () => pending.reduce((sum, { documentBytes }) => sum + documentBytes, 0) };
}

it('B5 any number of hostile servers keep no more than all may have, and leave some to the next server', () => {
  const { fill, all } = openStore();
  expect(fill('server 0')).toBeGreaterThan(SERVER_BYTES_MAX - BYTES);
  for (let at = 1; at < 12; at++) fill(`server ${at}`);
  expect(all()).toBeLessThan(ALL_BYTES_MAX);
  expect(fill('the next')).toBeGreaterThan(0);
});

it('B5 B7 what the sessions of a user and of a tenant were shown leaves some to those of others', () => {
  const { fill, all } = openStore();
  const viewer = (tenant: string, user: string): ShareHolder => ({ tenant, user: `${user} of ${tenant}` });
  let ofAlice = 0;
  for (let at = 0; at < 12; at++) ofAlice += fill(`server ${at}`, viewer('acme', 'alice'));
  expect(ofAlice).toBeLessThanOrEqual(ALL_BYTES_MAX / 2);
  expect(fill('another', viewer('globex', 'carol'))).toBeGreaterThan(0);
  expect(all()).toBeLessThan(ALL_BYTES_MAX);
});
