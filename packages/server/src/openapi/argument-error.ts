/** What a caller can correct: an argument that has no place in the request. */

/**
 * Thrown for an argument that cannot be sent without leaving its place. The message names the argument and never holds
 * its value.
 *
 * @example
 * ```ts
 * const isForCaller = (thrown: unknown): boolean => thrown instanceof ArgumentError;
 * ```
 */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}
