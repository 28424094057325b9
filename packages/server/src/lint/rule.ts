/** What a rule of the linter is. */
import type { DefinitionKind, JsonObject } from '@sallyport/guard';

/**
 * A definition as a server lists it.
 *
 * @example
 * ```ts
 * const lint: LintedDefinition = { kind: 'tool', document: { name: 'get_customer', inputSchema: { type: 'object' } } };
 * ```
 */
export interface LintedDefinition {
  readonly kind: Exclude<DefinitionKind, 'server'>;
  readonly document: JsonObject;
}

/** What a rule has against one place of a definition. */
export interface Fault {
  /** JSON Pointer (RFC 6901) into the document; empty for the whole. */
  readonly at: string;
  /** A sentence for the author. */
  readonly message: string;
}

/** One rule. Its page in `docs/rules` has its id as the name. */
export interface Rule {
  readonly id: string;
  /** `error`: clients or models will get it wrong. `warning`: it could be better. */
  readonly severity: 'error' | 'warning';
  /** Whether it is for one's own definitions only: others could not change it. */
  readonly onlyOwn: boolean;
  readonly check: (definition: LintedDefinition) => readonly Fault[];
}

/** The name of a definition, or its URI. */
export const nameOf = ({ document }: LintedDefinition): string =>
  String(document['name'] ?? document['uri'] ?? document['uriTemplate'] ?? '');

/** The description; empty when there is none. */
export const descriptionOf = ({ document }: LintedDefinition): string =>
  typeof document['description'] === 'string' ? document['description'] : '';
