/** B7: what waits, by tenant and then by user. Tenants, and the users of each, are served in turn. */
import type { ShareHolder } from '@sallyport/guard';

/** By tenant, then by user. Keys that wait longest come first. */
export type Queues<T> = Map<string, Map<string, T[]>>;

/** Puts something at the end of what waits for its user. */
export function enqueue<T>(queues: Queues<T>, { tenant, user }: ShareHolder, item: T): void {
  const users = queues.get(tenant) ?? new Map<string, T[]>();
  queues.set(tenant, users);
  const waiting = users.get(user) ?? [];
  users.set(user, waiting);
  waiting.push(item);
}

/** The next tenant's next user. Both go to the end when they still have something. */
export function takeNext<T>(queues: Queues<T>): T | undefined {
  const [first] = queues;
  if (first === undefined) return undefined;
  const [tenant, users] = first;
  const [firstUser] = users;
  queues.delete(tenant);
  if (firstUser === undefined) return undefined;
  const [user, waiting] = firstUser;
  users.delete(user);
  const next = waiting.shift();
  if (waiting.length > 0) users.set(user, waiting);
  if (users.size > 0) queues.set(tenant, users);
  return next;
}
