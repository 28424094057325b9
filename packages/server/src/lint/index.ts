/** The linter of definitions: what models and clients get wrong because of how a tool is described. */
import { descriptionLength } from './rules/description-length.ts';
import { descriptionOrders } from './rules/description-orders.ts';
import { descriptionPromises } from './rules/description-promises.ts';
import { effectMatchesName } from './rules/effect-matches-name.ts';
import { examplesValid } from './rules/examples-valid.ts';
import { listBounded } from './rules/list-bounded.ts';
import { nameShape } from './rules/name-shape.ts';
import { nameVerb } from './rules/name-verb.ts';
import { numberBounded } from './rules/number-bounded.ts';
import { parameterDescribed } from './rules/parameter-described.ts';
import { schemaUsable } from './rules/schema-usable.ts';
import { stringBounded } from './rules/string-bounded.ts';
import { nameOf, type LintedDefinition, type Rule } from './rule.ts';

export type { LintedDefinition } from './rule.ts';

/**
 * What a rule has found.
 *
 * @example
 * ```ts
 * const lineOf = ({ rule, definition, message }: LintFinding): string => `${definition} ${rule}: ${message}`;
 * ```
 */
export interface LintFinding {
  /** Names its page in `docs/rules`. */
  readonly rule: string;
  readonly severity: 'error' | 'warning';
  readonly kind: LintedDefinition['kind'];
  /** The name of the definition, or its URI. */
  readonly definition: string;
  /** JSON Pointer into the definition; empty for the whole. */
  readonly at: string;
  readonly message: string;
}

/**
 * Every rule, in the order of the pages.
 *
 * @example
 * ```ts
 * const ids = LINT_RULES.map(({ id }) => id);
 * ```
 */
export const LINT_RULES: readonly Rule[] = [
  nameShape,
  nameVerb,
  descriptionLength,
  descriptionOrders,
  descriptionPromises,
  parameterDescribed,
  stringBounded,
  numberBounded,
  listBounded,
  effectMatchesName,
  examplesValid,
  schemaUsable,
];

/**
 * What the rules have against definitions.
 *
 * @param whose `own`: every rule. `foreign`: those that say something to whoever uses the definitions.
 * @example
 * ```ts
 * const findings = lintDefinitions([{ kind: 'tool', document: { name: 'customer', inputSchema: {} } }], 'own');
 * ```
 */
export function lintDefinitions(
  definitions: readonly LintedDefinition[],
  whose: 'own' | 'foreign',
): readonly LintFinding[] {
  const rules = LINT_RULES.filter(({ onlyOwn }) => whose === 'own' || !onlyOwn);
  return definitions.flatMap((definition) =>
    rules.flatMap(({ id: rule, severity, check }) =>
      check(definition).map(({ at, message }) => ({
        rule,
        severity,
        kind: definition.kind,
        definition: nameOf(definition),
        at,
        message,
      })),
    ),
  );
}
