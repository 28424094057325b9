/** A test edge whose servers send two notifications to every GET stream, and then nothing more. */
import { openTestEdge, type TestEdge, type TestEdgeOptions } from './test-edge.mts';

export const openNotifyingEdge = (options: Pick<TestEdgeOptions, 'deny'> = {}): Promise<TestEdge> =>
  openTestEdge({
    ...options,
    async other({ call }, channel) {
      if (call.method !== 'stream/listen') return { value: {} };
      const server = call.target.kind === 'servers' ? (call.target.servers[0] ?? '') : '';
      channel.notify('notifications/resources/updated', { uri: 'file:///a' });
      channel.notify('notifications/message', { level: 'info', data: server });
      await new Promise<void>((resolve) => {
        call.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      return { value: {} };
    },
  });
