/** The acknowledgement of a subscription is its first message, so no server may send before every server was judged. */
export interface Acknowledgement {
  /** One server was permitted. Resolves when all servers were judged and the acknowledgement was sent. */
  permitted(): Promise<void>;
  /** One server was refused. */
  refused(): void;
}

/**
 * @param servers how many servers are judged; each calls `permitted` or `refused` once.
 * @param send sends the acknowledgement. Not called when every server was refused.
 */
export function createAcknowledgement(servers: number, send: () => void): Acknowledgement {
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  let waiting = servers;
  let anyPermitted = false;
  const judged = (): void => {
    waiting -= 1;
    if (waiting > 0) return;
    if (anyPermitted) send();
    resolve();
  };
  return {
    permitted() {
      anyPermitted = true;
      judged();
      return sent;
    },
    refused: judged,
  };
}
