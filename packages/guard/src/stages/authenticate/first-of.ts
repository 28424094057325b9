import type { Principal } from '../../call.ts';
import type { Authenticator } from '../../ports.ts';

/** Asks each in turn; the first that knows the kind of credential decides, also when it refuses. An authenticator again. */
export function firstOf(...authenticators: readonly Authenticator[]): Authenticator {
  return (credentials) => {
    for (let at = 0; at < authenticators.length; at++) {
      const answer = authenticators[at]?.(credentials);
      if (answer instanceof Promise)
        return answer.then((found) => found ?? firstOf(...authenticators.slice(at + 1))(credentials)) as Promise<
          Principal | undefined
        >;
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
}
