/**
 * H8: how long a peer may take and how much it may send, so that slow, greedy and idle peers cost the others nothing.
 */
export interface SocketLimits {
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly requestsPerSocketMax: number;
  readonly connectionsMax: number;
  /** Not applied behind a proxy, where all clients share one address. */
  readonly connectionsPerAddressMax: number;
  /** How long pending responses may take after `close()`. */
  readonly drainMs: number;
  /** How often certificate files are read again. */
  readonly certificatePollMs: number;
}

/** The limits of every listener; tests set others. */
export const SOCKET_LIMITS: SocketLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 15_000,
  handshakeTimeoutMs: 10_000,
  headerBytesMax: 16 * 1024,
  requestsPerSocketMax: 1_000_000,
  connectionsMax: 20_000,
  connectionsPerAddressMax: 2_000,
  drainMs: 10_000,
  certificatePollMs: 1_000,
};
