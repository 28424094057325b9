/** What the gateway takes from the handshake of a server. */
import type { JsonObject } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { initialize } from './handshake.ts';
import type { OutboundRequest, Transport } from './transport.ts';

function transportWith(value: JsonObject) {
  const requests: OutboundRequest[] = [];
  let closed = false;
  const transport: Transport = {
    request: (request) => {
      requests.push(request);
      return Promise.resolve({ value, bytes: undefined, receivedBytes: 0 });
    },
    notify: () => Promise.resolve(),
    isClosed: () => closed,
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
  return { requests, transport };
}

describe('the handshake of a server', () => {
  it('has instructions and an answer of bounded size', async () => {
    const { requests, transport } = transportWith({
      protocolVersion: '2025-11-25',
      capabilities: {},
      serverInfo: { name: 'notes' },
      instructions: 'x'.repeat(100_000),
    });
    const { profile } = await initialize(transport, {}, 1_000);
    expect(profile.instructions).toHaveLength(65_536);
    expect(requests[0]?.bytesMax).toBe(1024 * 1024);
  });

  it.each([undefined, 7, '1999-01-01', '2026-07-28'])('with the revision %j is refused', async (protocolVersion) => {
    const { transport } = transportWith({ ...(protocolVersion !== undefined && { protocolVersion }) });
    await expect(initialize(transport, {}, 1_000)).rejects.toMatchObject({ code: 'upstream_failed' });
    expect(transport.isClosed()).toBe(true);
  });
});
