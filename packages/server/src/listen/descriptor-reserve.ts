/**
 * B7: connections never take the last descriptors of the process, because the audit log, the store and the servers need
 * some too. The kernel gives the lowest free number, so the number of an accepted socket says how many are in use.
 */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Descriptors that connections leave to everything else. */
const RESERVED_MAX = 256;
const RESERVED_PART = 4;

/** How many descriptors this process may have open; `undefined` where the system does not say. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** The highest number that the descriptor of a connection may have. */
export const connectionDescriptorMax = (limit: number): number =>
  limit - Math.min(RESERVED_MAX, Math.floor(limit / RESERVED_PART));

const STREAMS_MAX = 10_000;

/** Event streams that may be open: half of the connections, so that others find some for their calls. */
export function streamsMax(limit: number | undefined = descriptorLimit()): number {
  return limit === undefined ? STREAMS_MAX : Math.min(STREAMS_MAX, Math.floor(connectionDescriptorMax(limit) / 2));
}

/** Closes every connection whose descriptor is one of the last. Does nothing where descriptors have no numbers. */
export function keepDescriptors(server: Server, limit: number | undefined): void {
  if (limit === undefined) return;
  const numberMax = connectionDescriptorMax(limit);
  server.on('connection', (socket: Socket) => {
    const number = descriptorOf(socket);
    if (number !== undefined && number > numberMax) socket.destroy();
  });
}

const descriptorOf = (socket: Socket & { readonly _handle?: { readonly fd?: number } | null }): number | undefined =>
  socket._handle?.fd;
