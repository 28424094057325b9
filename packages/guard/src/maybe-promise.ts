/** What a port may answer: at once, so that a call from memory costs no turn of the event loop, or later. */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value as soon as it is known: at once when it is here, later when it is a promise. */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
