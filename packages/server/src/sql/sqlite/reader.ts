/**
 * A process that reads SQLite files for its parent. SQLite runs on the thread that calls it and Node.js has no way to
 * interrupt it, so a statement without an end is ended with its process.
 */
import { ToolError } from '../../errors.ts';
import { collectRows } from '../rows.ts';
import { openConnection } from './connection.ts';
import { jsonValue, type ReadReply, type ReadRequest } from './request.ts';

/** SQLITE_TOOBIG, SQLITE_NOMEM and SQLITE_BUSY. */
const TOO_LARGE = new Set([18, 7]);
const BUSY = 5;

function read(request: ReadRequest): ReadReply {
  const database = openConnection(request);
  try {
    const statement = database.prepare(request.text);
    statement.setReturnArrays(true);
    statement.setReadBigInts(true);
    const columns = statement.columns().map(({ name }) => name);
    const collector = collectRows(request.limits);
    for (const row of statement.iterate(...request.values) as Iterable<unknown>)
      if (!collector.add(columns, (row as readonly unknown[]).map(jsonValue))) break;
    return { rows: collector.rows() };
  } finally {
    database.close();
  }
}

function replyTo(request: ReadRequest): ReadReply {
  try {
    return read(request);
  } catch (thrown) {
    if (thrown instanceof ToolError) return { refused: { code: thrown.code, message: thrown.message } };
    const code = thrown instanceof Error && 'errcode' in thrown ? Number(thrown.errcode) & 0xff : 0;
    if (TOO_LARGE.has(code))
      return { refused: { code: 'TOO_LARGE', message: 'A value or the work for it is too large.' } };
    if (code === BUSY) return { refused: { code: 'TIMEOUT', message: 'The database is busy.' } };
    return { broken: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

process.on('message', (request: ReadRequest) => process.send?.(replyTo(request)));
process.send?.('ready');
process.on('disconnect', () => process.exit());
