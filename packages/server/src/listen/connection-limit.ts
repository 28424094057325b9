/** H8: limits the connections of one address, because an open socket costs memory before it sends anything. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Closes every further connection of an address that has `perAddressMax` open. */
export function limitConnections(server: Server, perAddressMax: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    if (count > perAddressMax) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
