/** `Mcp-Param-*`: arguments that a tool's schema mirrors into headers (`x-mcp-header`) must say the same there. */
import type { IncomingHttpHeaders } from 'node:http';
import { GuardError, type Definition, type Json, type JsonObject } from '@sallyport/guard';
import { isObject } from '../envelope.ts';
import { decodeSentinel } from './sentinel.ts';

export function matchParamHeaders(definition: Definition | undefined, args: Json | undefined, headers: IncomingHttpHeaders): void {
  const schema = definition?.document['inputSchema'];
  const properties = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {};
  const given: JsonObject = isObject(args) ? args : {};
  for (const [name, property] of Object.entries(properties)) {
    const mirrored = isObject(property) ? property['x-mcp-header'] : undefined;
    if (typeof mirrored !== 'string') continue;
    const header = headers[`mcp-param-${mirrored.toLowerCase()}`];
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (!agrees(header, value)) throw new GuardError('header_mismatch', { message: `Mcp-Param-${mirrored} does not agree with the argument that it mirrors.` });
  }
}

function agrees(header: string | string[] | undefined, value: Json | undefined): boolean {
  if (value === undefined || value === null) return header === undefined;
  if (typeof header !== 'string') return false;
  const text = decodeSentinel(header);
  return typeof value === 'number' ? /^-?\d+(\.\d+)?$/.test(text) && Number(text) === value : text === String(value);
}
