/** Runs work of one server after its earlier work: a comparison reads the pins first and writes them after. */
export type RunQueued = <R>(server: string, work: () => Promise<R>) => Promise<R>;

/** @returns a function that runs work for one server in sequence, and work for different servers side by side. */
export function createServerQueues(): RunQueued {
  const tails = new Map<string, Promise<unknown>>();
  return (server, work) => {
    const previous = tails.get(server);
    const run = previous === undefined ? work() : previous.then(work, work);
    tails.set(server, run);
    const forget = (): void => {
      if (tails.get(server) === run) tails.delete(server);
    };
    run.then(forget, forget);
    return run;
  };
}
