/** Work that must not overlap: comparisons with the pins of one server read the pins first and write them after. */
export type InTurn = <R>(server: string, work: () => Promise<R>) => Promise<R>;

/** @returns a function that runs work for one server in sequence, and work for different servers side by side. */
export function createTurns(): InTurn {
  const lastTurns = new Map<string, Promise<unknown>>();
  return (server, work) => {
    const previous = lastTurns.get(server);
    const turn = previous === undefined ? work() : previous.then(work, work);
    lastTurns.set(server, turn);
    const forget = (): void => {
      if (lastTurns.get(server) === turn) lastTurns.delete(server);
    };
    turn.then(forget, forget);
    return turn;
  };
}
