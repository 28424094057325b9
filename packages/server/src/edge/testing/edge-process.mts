/** A test edge as a process of its own, whose memory a test limits. Says its port, and ends with its standard input. */
import { openTestEdge } from './test-edge.mts';

const edge = await openTestEdge({
  settings: { bodyBytesMax: 4 * 1024 * 1024 },
  // A busy machine must not turn a test of memory into one of time.
  socketLimits: { requestTimeoutMs: 600_000 },
});
process.stdout.write(`${edge.port}\n`);
process.stdin.on('end', () => void edge.close()).resume();
