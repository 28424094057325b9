/** Reads a statement through a cursor, a few rows at a time: a result of a million rows is never in memory. */
import type { Json } from '@sallyport/guard';
import type { Rendered } from '../render.ts';
import { collectRows, type CheckedLimits, type Rows } from '../rows.ts';
import type { Query, QueryResult } from './connection.ts';
import type { Run } from './transaction.ts';
import { boundValue, jsonTypes } from './values.ts';

const BATCH_ROWS_MAX = 200;
const CURSOR = 'sallyport_rows';

/**
 * A cursor takes what selects and nothing else: no change in a `with`, no `select … into`, and nothing that leaves the
 * transaction, whatever the statement is.
 */
export async function readRows(run: Run, { text, values }: Rendered, limits: CheckedLimits): Promise<Rows> {
  await run(extended(`declare ${CURSOR} no scroll cursor for ${text}`, values.map(boundValue)));
  const collector = collectRows(limits);
  // The first row tells how large rows are.
  let batch = 1;
  let bytesBefore = collector.bytesLeft();
  for (;;) {
    const result = await run(extended(`fetch forward ${batch} from ${CURSOR}`, []));
    if (!addRows(collector, result) || result.rows.length < batch) break;
    const rowBytes = Math.max(1, Math.ceil((bytesBefore - collector.bytesLeft()) / result.rows.length));
    bytesBefore = collector.bytesLeft();
    batch = Math.max(1, Math.min(BATCH_ROWS_MAX, collector.rowsLeft(), Math.ceil(bytesBefore / rowBytes)));
  }
  await run({ text: `close ${CURSOR}` });
  return collector.rows();
}

/** @throws ToolError `TOO_LARGE` when the rows that a change returns are more than the limits allow. */
export async function writeRows(
  run: Run,
  { text, values }: Rendered,
  limits: CheckedLimits,
): Promise<Rows & { readonly changed: number }> {
  const result = await run(extended(text, values.map(boundValue)));
  const collector = collectRows({ ...limits, whenTooLarge: 'refuse' });
  addRows(collector, result);
  return { ...collector.rows(), changed: result.rowCount ?? 0 };
}

function addRows(collector: ReturnType<typeof collectRows>, { rows, fields }: QueryResult): boolean {
  const columns = fields.map(({ name }) => name);
  return rows.every((values) => collector.add(columns, values as readonly Json[]));
}

const extended = (text: string, values: readonly unknown[]): Query => ({
  text,
  values,
  rowMode: 'array',
  queryMode: 'extended',
  types: jsonTypes,
});
