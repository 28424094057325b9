/** A16: `Mcp-Param-*` headers must agree with the arguments that they mirror (SEP-2243). */
import type { IncomingHttpHeaders } from 'node:http';
import { GuardError, type Definition, type Json } from '@sallyport/guard';
import { decodeHeaderText } from '../../mcp/header-text.ts';
import { mirroredArgument, mirroredParameters, paramHeader } from '../../mcp/param-headers.ts';

/**
 * @param definition the pinned one: the live one does not decide what is compared.
 * @throws GuardError `header_mismatch` for a header that is missing, disagrees, or mirrors an argument that is absent.
 */
export function matchParamHeaders(
  definition: Definition | undefined,
  args: Json | undefined,
  headers: IncomingHttpHeaders,
): void {
  for (const parameter of mirroredParameters(definition?.document['inputSchema']))
    if (!agrees(headers[paramHeader(parameter)], mirroredArgument(args, parameter)))
      throw new GuardError('header_mismatch', {
        message: `Mcp-Param-${parameter.name} does not agree with the argument that it mirrors.`,
      });
}

function agrees(header: string | string[] | undefined, value: Json | undefined): boolean {
  if (value === undefined || value === null) return header === undefined;
  if (typeof header !== 'string') return false;
  const text = decodeHeaderText(header);
  return typeof value === 'number' ? /^-?\d+(\.\d+)?$/.test(text) && Number(text) === value : text === String(value);
}
