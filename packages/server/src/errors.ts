/** The error that an author throws for what a model can act on. */

/**
 * What a ToolError adds to its message.
 *
 * @example
 * ```ts
 * const advice: ToolErrorAdvice = { suggestion: 'Call search_customers first.', retryAfter: 30 };
 * ```
 */
export interface ToolErrorAdvice {
  /** What the model can do next. */
  readonly suggestion?: string;
  /** Seconds until the same call can succeed. */
  readonly retryAfter?: number;
  /** For `onError`; never for the caller. */
  readonly cause?: unknown;
}

const CODE = /^[A-Z][A-Z0-9_]{0,63}$/;

/**
 * A failure that the model reads as it is written here: code, message and advice. Every other error of a handler stays
 * inside; the caller learns a correlation id.
 *
 * @example
 * ```ts
 * const notFound = (id: string): ToolError =>
 *   new ToolError('NOT_FOUND', `There is no customer ${id}.`, { suggestion: 'Call search_customers first.' });
 * ```
 */
export class ToolError extends Error {
  /** `error_code` of the answer. */
  readonly code: string;
  readonly suggestion: string | undefined;
  /** Seconds. */
  readonly retryAfter: number | undefined;

  /**
   * @param code words of `A-Z0-9` with `_` between them, such as `NOT_FOUND`; at most 64 characters.
   * @throws RangeError for another code, and for a time that is negative or not finite.
   */
  constructor(code: string, message: string, { suggestion, retryAfter, cause }: ToolErrorAdvice = {}) {
    if (!CODE.test(code)) throw new RangeError('a code of a ToolError is written like NOT_FOUND');
    if (retryAfter !== undefined && !(retryAfter >= 0 && retryAfter < Infinity))
      throw new RangeError('retryAfter of a ToolError is a number of seconds');
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ToolError';
    this.code = code;
    this.suggestion = suggestion;
    this.retryAfter = retryAfter === undefined ? undefined : Math.ceil(retryAfter);
  }
}
