/** How a refusal looks in a terminal: what, what to do, and the id to ask an operator about. Exit code 1. */
import { type Reply } from './gateway-client.ts';
import type { CliIo } from './io.ts';
import { printable } from './printable.ts';
import { isObject, type Json } from '@sallyport/guard';

export function showRefusal(io: CliIo, reply: Extract<Reply, { kind: 'error' }>, json: boolean): void {
  io.exit(1);
  if (json) {
    io.stdout(
      `${JSON.stringify({ error: { code: reply.code, message: reply.message, data: reply.data } }, null, 2)}\n`,
    );
    return;
  }
  const { error_code, suggestion, correlation_id } = fields(reply.data);
  io.stderr(`${error_code === undefined ? 'refused' : error_code}: ${printable(reply.message)}\n`);
  if (suggestion !== undefined) io.stderr(`  ${printable(suggestion)}\n`);
  if (correlation_id !== undefined) io.stderr(`  correlation id: ${printable(correlation_id)}\n`);
}

function fields(data: Json | undefined): {
  readonly error_code?: string;
  readonly suggestion?: string;
  readonly correlation_id?: string;
} {
  if (!isObject(data)) return {};
  const pick = (name: string): Record<string, string> => (typeof data[name] === 'string' ? { [name]: data[name] } : {});
  return { ...pick('error_code'), ...pick('suggestion'), ...pick('correlation_id') };
}
