/**
 * A map with a maximum size: a new key drops the entry that was inserted first. Setting a key again keeps its position.
 * For what can be computed again, so that foreign input cannot fill the memory.
 *
 * @example
 * ```ts
 * const verified = new BoundedMap<string, Principal>(10_000);
 * ```
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #entriesMax: number;

  /** @param entriesMax at least 1. @throws RangeError for anything else. */
  constructor(entriesMax: number) {
    if (!(entriesMax >= 1)) throw new RangeError('a bounded map holds at least one entry');
    super();
    this.#entriesMax = entriesMax;
  }

  override set(key: K, value: V): this {
    if (this.size >= this.#entriesMax && !this.has(key)) {
      const oldest = this.keys().next();
      if (oldest.done !== true) this.delete(oldest.value);
    }
    return super.set(key, value);
  }
}
