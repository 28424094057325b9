/** How an error of the gateway looks in a terminal: what happened, what to do, and the id to give to an operator. */
import { isObject, type Json } from '@sallyport/guard';
import type { GatewayError } from './gateway-client.ts';
import { printJson, type CliIo } from './io.ts';
import { printable } from './printable.ts';

/** Prints the error and sets exit code 1. */
export function printGatewayError(io: CliIo, error: GatewayError, json: boolean): void {
  io.exit(1);
  if (json) return printJson(io, { error: { code: error.code, message: error.message, data: error.data } }, 'indented');
  io.stderr(`${textMember(error.data, 'error_code') ?? 'refused'}: ${printable(error.message)}\n`);
  const suggestion = textMember(error.data, 'suggestion');
  if (suggestion !== undefined) io.stderr(`  ${printable(suggestion)}\n`);
  const correlationId = textMember(error.data, 'correlation_id');
  if (correlationId !== undefined) io.stderr(`  correlation id: ${printable(correlationId)}\n`);
}

function textMember(data: Json | undefined, name: string): string | undefined {
  const value = isObject(data) ? data[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
