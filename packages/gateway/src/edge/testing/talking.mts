/** A bench whose servers say two things to everybody who listens, and then nothing more. */
import { openBench, type Bench } from './bench.mts';

export const openTalking = (): Promise<Bench> =>
  openBench({
    async other({ call }, relay) {
      if (call.method !== 'stream/listen') return { value: {} };
      const server = call.target.kind === 'servers' ? (call.target.servers[0] ?? '') : '';
      relay.notify('notifications/resources/updated', { uri: 'file:///a' });
      relay.notify('notifications/message', { level: 'info', data: server });
      await new Promise<void>((resolve) => {
        call.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      return { value: {} };
    },
  });
