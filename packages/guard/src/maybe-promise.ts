/**
 * What a port may answer: at once, so that an answer from memory costs no turn of the event loop, or later.
 *
 * @example
 * ```ts
 * const find = (id: string): MaybePromise<Tenant | undefined> => ({ id: tenantId(id) });
 * ```
 */
export type MaybePromise<T> = T | Promise<T>;

/**
 * Continues with a value: at once, or later when it is a promise. What `next` throws is thrown, or rejects,
 * accordingly.
 *
 * @example
 * ```ts
 * const isKnown = (tenants: TenantDirectory, id: string): MaybePromise<boolean> =>
 *   andThen(tenants.find(id), (tenant) => tenant !== undefined);
 * ```
 */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
