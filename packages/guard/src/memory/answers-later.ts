import { setImmediate } from 'node:timers/promises';

/**
 * A port of which every method answers later, as a database behind a network does.
 *
 * @example
 * ```ts
 * const laterKeys: AnswersLater<KeyStore> = answersLater(createMemoryKeys());
 * ```
 */
export type AnswersLater<P> = {
  readonly [K in keyof P]: P[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : P[K];
};

/**
 * Wraps a version of a port so that every method answers later. The work is done one turn of the event loop after the
 * call, and the answer arrives another turn later, so that other work runs in between. For tests.
 *
 * @example
 * ```ts
 * const pins = await answersLater(createMemoryPins()).pins();
 * ```
 */
export function answersLater<P extends object>(port: P): AnswersLater<P> {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        await setImmediate();
        const answer: unknown = await Reflect.apply(member, target, args);
        await setImmediate();
        return answer;
      };
    },
  }) as AnswersLater<P>;
}
