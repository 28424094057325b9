/** Where `sallyport scan` gets definitions from: a file, or a server that it asks. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { parseJson } from '@sallyport/guard/json';
import type { LintedDefinition } from '@sallyport/server/lint';
import { formatConfigError, loadConfigText, type Environment } from '../config.ts';
import { isAddress } from './address.ts';
import type { CommandPorts } from './command.ts';
import { parsePairs } from './parse-pairs.ts';
import { printable } from './printable.ts';

/** What was found at a target. */
export interface ScannedTarget {
  readonly definitions: readonly LintedDefinition[];
  /** What a gateway would not serve, and why. */
  readonly withheld: readonly { readonly kind: string; readonly name: string; readonly reason: string }[];
}

const LISTS = {
  tools: 'tool',
  prompts: 'prompt',
  resources: 'resource',
  resourceTemplates: 'resource_template',
} as const satisfies Record<string, LintedDefinition['kind']>;

/**
 * Definitions in a file: the result of `tools/list` or another list (alone or inside a JSON-RPC response), a list of
 * definitions, or one definition a line.
 *
 * @throws Error with a sentence for the user when there are none.
 */
export function definitionsInFile(file: string): readonly LintedDefinition[] {
  const text = readFileSync(file, 'utf8');
  const whole = parseJson(text);
  const documents =
    whole === undefined
      ? text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map(parseJson)
      : [whole];
  const found = documents.flatMap((document) => (document === undefined ? [] : definitionsIn(document)));
  if (found.length === 0)
    throw new Error(
      `${file} holds no definitions: it must be the result of tools/list, a list of tools, or JSON Lines`,
    );
  return found;
}

function definitionsIn(document: Json): readonly LintedDefinition[] {
  if (Array.isArray(document)) return (document as readonly Json[]).flatMap(definitionsIn);
  if (!isObject(document)) return [];
  const listing = isObject(document['result']) ? document['result'] : document;
  const listed = Object.entries(LISTS).flatMap(([member, kind]) =>
    Array.isArray(listing[member]) ? (listing[member] as readonly Json[]).flatMap((one) => ofKind(kind, one)) : [],
  );
  if (listed.length > 0) return listed;
  if ('uriTemplate' in document) return ofKind('resource_template', document);
  if ('uri' in document) return ofKind('resource', document);
  return 'inputSchema' in document ? ofKind('tool', document) : [];
}

const ofKind = (kind: LintedDefinition['kind'], document: Json): readonly LintedDefinition[] =>
  isObject(document) ? [{ kind, document: withoutNulls(document) }] : [];

/** Collections of definitions write absent members as null. */
const withoutNulls = (document: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null));

/** How a server is started or reached. */
export interface ServerTarget {
  readonly env: readonly string[];
  readonly header: readonly string[];
}

const NAME = 'scanned';

/**
 * Asks a server for its definitions, as a gateway would, with a store of its own that is removed afterwards.
 *
 * @throws Error with a sentence for the user when it cannot be reached.
 */
export async function definitionsOfServer(
  target: readonly string[],
  { env, header }: ServerTarget,
  environment: Environment,
  probeServer: CommandPorts['probeServer'],
): Promise<ScannedTarget> {
  const [first = ''] = target;
  const server =
    target.length === 1 && isAddress(first)
      ? { url: first, headers: parsePairs('--header', header, ':') }
      : { command: target, cwd: process.cwd(), env: parsePairs('--env', env, '=') };
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-scan-'));
  try {
    const text = JSON.stringify({ data: folder, servers: { [NAME]: server } });
    const loaded = loadConfigText(text, join(folder, 'sallyport.yaml'), { environment, folder });
    if ('errors' in loaded) throw new Error(loaded.errors.map(formatConfigError).join('\n'));
    const { failure, waiting, approved, withheld } = await probeServer(loaded.snapshot, NAME);
    if (failure !== undefined) throw new Error(`the server cannot be reached: ${printable(failure)}`);
    const definitions = [...approved, ...waiting].flatMap(({ kind, document }) =>
      kind === 'server' ? [] : [{ kind, document }],
    );
    return { definitions, withheld };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether the target is a file of definitions. */
export const isFile = (target: readonly string[]): boolean => target.length === 1 && existsSync(target[0] ?? '');
