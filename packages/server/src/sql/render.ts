/** A statement as text with placeholders, and the values for them. */
import { partsOf, type Sql, type SqlValue } from './fragment.ts';
import { outsideQuotes } from './text.ts';

/** What goes to the database. */
export interface Rendered {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** Whether it names the tenant of the call. */
  readonly namesTenant: boolean;
}

const READS = new Set(['select', 'with', 'values']);
const WRITES = new Set(['insert', 'update', 'delete', 'merge', ...READS]);
const FIRST_WORD = /^[\s(]*([a-z]+)/i;

/**
 * @param tenant the value for `sql.tenant`.
 * @param placeholder of the dialect, by its number from 1.
 * @throws TypeError for a statement of another kind: those that leave the transaction, the role or the settings are
 * none that a tool needs.
 */
export function render(
  statement: Sql,
  tenant: string,
  access: 'read' | 'write',
  placeholder: (number: number) => string,
): Rendered {
  const values: SqlValue[] = [];
  const pieces: string[] = [];
  let namesTenant = false;
  for (const part of partsOf(statement)) {
    if ('text' in part) {
      pieces.push(part.text);
      continue;
    }
    namesTenant ||= 'tenant' in part;
    values.push('tenant' in part ? tenant : part.value);
    pieces.push(placeholder(values.length));
  }
  // Two parts that stand side by side stay two: `-` and `-` begin no comment, and `$1` and `0` are not `$10`.
  const text = pieces.join(' ');
  checkKind(text, access);
  return { text, values, namesTenant };
}

function checkKind(text: string, access: 'read' | 'write'): void {
  const word = FIRST_WORD.exec(outsideQuotes(text))?.[1]?.toLowerCase() ?? '';
  if ((access === 'read' ? READS : WRITES).has(word)) return;
  if (WRITES.has(word)) throw new TypeError(`a statement that begins with ${word} writes: use write`);
  throw new TypeError(
    'a statement begins with select, with or values, or to write with insert, update, delete or merge',
  );
}
