import type { Approval } from '../../api/types.ts';

/**
 * Nothing may move under the pointer: rows that were shown keep their place, also those that are no longer in the list,
 * and new ones are appended.
 *
 * @param statuses what events said of requests that are no longer in the list.
 */
export function placeRows(
  shown: readonly Approval[],
  rows: readonly Approval[],
  statuses: ReadonlyMap<string, Approval['status']>,
): readonly Approval[] {
  const current = new Map(rows.map((row) => [row.id, row]));
  const kept = shown.map((row) => current.get(row.id) ?? goneRow(row, statuses.get(row.id)));
  const known = new Set(shown.map(({ id }) => id));
  return [...kept, ...rows.filter(({ id }) => !known.has(id))];
}

/** Without an event, the time says whether it expired; otherwise somebody decided. */
function goneRow(row: Approval, status: Approval['status'] | undefined): Approval {
  if (status !== undefined) return { ...row, status };
  if (row.status !== 'pending') return row;
  return { ...row, status: Date.parse(row.expires_at) <= Date.now() ? 'expired' : 'superseded' };
}
