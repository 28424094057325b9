/** Shared stores whose failures are refusals that tell the caller to come back (503). */
import { GuardError } from '@sallyport/guard';

const RETRY_AFTER_SECONDS = 5;

/** The same port; every method rejects with GuardError `unavailable` where the database fails. */
export function available<P extends object>(port: P): P {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        try {
          return await (Reflect.apply(member, target, args) as unknown);
        } catch (cause) {
          throw new GuardError('unavailable', { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
        }
      };
    },
  });
}
