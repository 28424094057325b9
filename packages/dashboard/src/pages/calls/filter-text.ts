/** Filters of calls: what the address and the search field say, as the API is asked. */
import type { FilterValues } from '../../text/filter-values.ts';

const HOUR_MS = 3_600_000;
const WINDOWS: Readonly<Record<string, number>> = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS };

/** Fields that can be typed as `name:value`, or that a link put into the address. */
export const FIELDS: readonly string[] = ['user', 'agent', 'server', 'tool', 'method'].concat(
  ['error_code', 'correlation_id', 'approval_id'],
  ['since', 'until'],
);

/** Times begin at a whole minute, so that the same view is read once. */
export function callFilters(values: FilterValues, nowMs: number): FilterValues {
  const window = WINDOWS[values['within'] ?? ''];
  const since = window === undefined ? undefined : new Date(Math.floor((nowMs - window) / 60_000) * 60_000);
  return {
    ...Object.fromEntries(FIELDS.map((name) => [name, values[name]])),
    ...(since !== undefined && { since: since.toISOString() }),
    status: values['status'],
    kind: values['kind'],
    scope: values['scope'],
    ...readTyped(values['q'] ?? ''),
  };
}

/** `user:alice tool:refund broken` searches two fields and the text. */
export function readTyped(text: string): FilterValues {
  const fields: Record<string, string> = {};
  const words: string[] = [];
  for (const word of text.split(/\s+/)) {
    const [name = '', ...rest] = word.split(':');
    if (rest.length > 0 && FIELDS.includes(name)) fields[name] = rest.join(':');
    else if (word !== '') words.push(word);
  }
  return { ...fields, ...(words.length > 0 && { text: words.join(' ') }) };
}
