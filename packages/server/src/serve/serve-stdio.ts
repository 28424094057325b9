/** A server on standard input and output, for the program that has started it. */
import { createStdioEdge } from '../edge/stdio/stdio.ts';
import { planListen } from '../listen-options.ts';
import type { RunningServer } from '../secure-server.ts';
import { edgeDepsOf, recordStart, type ServedServer } from './served-server.ts';

const GRACE_MS = 10_000;

/** @param token that stands for the user of the operating system. */
export async function serveStdio(
  served: ServedServer,
  token: string,
  weakenings: readonly string[],
): Promise<RunningServer> {
  served.records.open(true);
  await recordStart(served, weakenings);
  const { gateway } = planListen({}, { hasAuth: true, isRecorded: true });
  const edge = createStdioEdge({
    ...edgeDepsOf(served, gateway),
    input: process.stdin,
    output: process.stdout,
    credentials: { kind: 'bearer', token },
    server: served.name,
  });
  const ended = edge.ended.then(async () => {
    served.close();
    await served.records.close();
  });
  return {
    url: undefined,
    ended,
    async close(graceMs = GRACE_MS) {
      await edge.stop(graceMs);
      await ended;
    },
  };
}
