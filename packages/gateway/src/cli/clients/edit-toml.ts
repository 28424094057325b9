/** Sets or removes one server in the TOML of Codex; the text of everything else stays. */
import { isDeepStrictEqual } from 'node:util';
import { asObject, type Json, type JsonObject } from '@sallyport/guard';
import { parse } from 'smol-toml';
import type { ClientEntry } from './clients.ts';

const TABLE = 'mcp_servers';

/** The table of a server; `undefined` when there is none. @throws Error when the text is no TOML. */
export const tomlAt = (text: string, name: string): Json | undefined => asObject(documentOf(text)[TABLE])[name];

/**
 * @param entry `undefined` removes the server.
 * @throws Error when the text is no TOML, or writes its servers in a way that only a person should change.
 */
export function withTomlEntry(text: string, name: string, entry: ClientEntry | undefined): string {
  const before = documentOf(text);
  const rest = withoutTable(text, name);
  const end = rest === '' || rest.endsWith('\n') ? '' : '\n';
  const changed = entry === undefined ? rest : `${rest}${end}${rest === '' ? '' : '\n'}${tableText(name, entry)}`;
  if (!isDeepStrictEqual(withoutServer(documentOf(changed), name), withoutServer(before, name)))
    throw new Error('writes its servers in a way that only a person should change');
  return changed;
}

/** Without the lines from the head of a table, and of those within it, to the next head. */
function withoutTable(text: string, name: string): string {
  const kept: string[] = [];
  let isInside = false;
  for (const line of text.split(/(?<=\n)/)) {
    if (/^\s*\[/.test(line)) isInside = isHeadOf(line, name);
    if (!isInside) kept.push(line);
  }
  const rest = kept.join('');
  return rest.length !== text.length && rest.endsWith('\n\n') ? rest.slice(0, -1) : rest;
}

function isHeadOf(line: string, name: string): boolean {
  const keys = line
    .slice(line.indexOf('[') + 1, line.lastIndexOf(']'))
    .split('.')
    .map((key) => key.trim().replaceAll(/["']/g, ''));
  return keys[0] === TABLE && keys[1] === name;
}

function tableText(name: string, entry: ClientEntry): string {
  const lines = Object.entries(entry).map(([key, value]) => `${key} = ${valueText(value)}\n`);
  return `[${TABLE}.${name}]\n${lines.join('')}`;
}

/** Texts, lists of texts, and tables of texts: a string of JSON is one of TOML. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)} = ${valueText(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function withoutServer(document: JsonObject, name: string): JsonObject {
  const { [TABLE]: servers, ...rest } = document;
  const { [name]: _removed, ...others } = asObject(servers);
  return { ...rest, ...(Object.keys(others).length > 0 && { [TABLE]: others }) };
}

function documentOf(text: string): JsonObject {
  try {
    return parse(text) as JsonObject;
  } catch {
    // The message of the parser quotes the line, which may hold a secret.
    throw new Error('is not TOML');
  }
}
