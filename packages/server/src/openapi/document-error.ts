/** What is wrong with a document or with what was chosen from it. */

/**
 * Thrown for a document that cannot be used, and for a choice that it does not have. The message is for the operator.
 *
 * @example
 * ```ts
 * const where = (thrown: DocumentError): string => `/${thrown.pointer.join('/')}`;
 * ```
 */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  /** Keys and indexes from the top of the document to the place that is wrong; empty: the choice is wrong. */
  readonly pointer: readonly string[];
  /** The operation that was being converted, as it was chosen. */
  readonly choice: string | undefined;

  constructor(message: string, pointer: readonly string[] = [], choice?: string) {
    super(message);
    this.pointer = pointer;
    this.choice = choice;
  }
}
