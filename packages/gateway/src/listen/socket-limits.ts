/** How long a peer may take and how much it may hold: what keeps slow, greedy and idle peers from costing the others. */
export interface SocketLimits {
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxRequestsPerSocket: number;
  readonly maxConnections: number;
  /** Of one address; not applied behind a proxy, where all share one. */
  readonly maxConnectionsPerAddress: number;
  /** How long answers under way may take after `close()`. */
  readonly drainMs: number;
  /** How often certificate files are looked at. */
  readonly certificatePollMs: number;
}

export const SOCKET_LIMITS: SocketLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 15_000,
  handshakeTimeoutMs: 10_000,
  maxHeaderBytes: 16 * 1024,
  maxRequestsPerSocket: 1_000_000,
  maxConnections: 20_000,
  maxConnectionsPerAddress: 2_000,
  drainMs: 10_000,
  certificatePollMs: 1_000,
};
