/** A server that is a REST interface: its document is read and converted when the configuration is. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  conversionOf,
  DocumentError,
  positionIn,
  readDocument,
  type Choice,
  type OpenApiDocument,
  type RestCredential,
  type RestTool,
  type ToolOverride,
} from '@sallyport/server/openapi';
import { asObject } from '@sallyport/guard';
import type { ServerTransport } from '../snapshot.ts';
import type { ConfigInput } from './input.ts';
import type { ParsedServer } from './schema.ts';
import { looksSecret, resolveSecret } from './secrets.ts';

const DOCUMENT_BYTES_MAX = 96 * 1024 * 1024;
/** Where an error stands in a longer document is not looked for: that takes longer than reading it. */
const POSITION_CHARACTERS_MAX = 4 * 1024 * 1024;

/** What a REST interface needs besides the settings that it has in common with other HTTP servers. */
type OpenApiParts = Omit<Extract<ServerTransport, { kind: 'openapi' }>, 'kind' | 'baseUrl' | 'headers'>;

/** Errors go to the report, with their place in the document or in the configuration. */
export function buildOpenApi(input: ConfigInput, name: string, server: ParsedServer): OpenApiParts {
  const file = resolve(input.folder, server.openapi ?? '');
  const empty = { file, title: name, version: '0', tools: [], notes: [] };
  const credentials = resolveCredentials(input, name, server);
  const rest = { credentials, trimBytes: server.trimAnswers };
  if ((server.tools.allow ?? []).length === 0)
    input.report.error(
      ['servers', name, 'tools'],
      'must list the operations that become tools (allow: operationId, or METHOD /path)',
    );
  const text = readText(input, name, file);
  refuseSecrets(input, name, server);
  const document = text === undefined ? undefined : readOrReport(input, name, file, text);
  if (text === undefined || document === undefined) return { ...empty, ...rest };
  const { tools, notes, errors } = conversionOf(document, choiceOf(server));
  for (const error of errors) reportError(input, name, server, { file, text }, error);
  return { ...rest, file, tools, notes, ...infoOf(document, name) };
}

/** A value that is fixed for all callers stands in the file. */
function refuseSecrets({ report }: ConfigInput, name: string, { tools }: ParsedServer): void {
  for (const [operation, { fixed }] of Object.entries(tools.override))
    for (const [parameter, value] of Object.entries(fixed))
      if (looksSecret(parameter, value))
        report.error(
          ['servers', name, 'tools', 'override', operation, 'fixed', parameter],
          'looks like a secret, which is never written here; use credentials or headers with { secret: env:NAME }',
        );
}

function readText(input: ConfigInput, name: string, file: string): string | undefined {
  try {
    const { size } = statSync(file);
    if (size <= DOCUMENT_BYTES_MAX) return readFileSync(file, 'utf8');
    input.report.error(['servers', name, 'openapi'], `is larger than ${DOCUMENT_BYTES_MAX} bytes`);
  } catch (thrown) {
    const { code = 'error' } = thrown as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'the file does not exist' : `the file cannot be read (${code})`;
    input.report.error(['servers', name, 'openapi'], why);
  }
  return undefined;
}

function readOrReport(input: ConfigInput, name: string, file: string, text: string): OpenApiDocument | undefined {
  try {
    return readDocument(text);
  } catch (thrown) {
    if (!(thrown instanceof DocumentError)) throw thrown;
    const position = { file, ...positionOf(text, thrown.pointer) };
    input.report.errorAt(position, ['servers', name, 'openapi'], `the document ${thrown.message}`);
    return undefined;
  }
}

/** What was chosen wrongly stands in the configuration, what is wrong with the operation in the document. */
function reportError(
  { report }: ConfigInput,
  name: string,
  { tools }: ParsedServer,
  { file, text }: { readonly file: string; readonly text: string },
  { message, pointer, choice = '' }: DocumentError,
): void {
  const at = (tools.allow ?? []).indexOf(choice);
  const where = at === -1 ? ['servers', name, 'tools', 'override', choice] : ['servers', name, 'tools', 'allow', at];
  if (pointer.length === 0) report.error(where, message);
  else report.errorAt({ file, ...positionOf(text, pointer) }, where, message);
}

const positionOf = (text: string, pointer: readonly string[]): { readonly line: number; readonly column: number } =>
  text.length > POSITION_CHARACTERS_MAX ? { line: 1, column: 1 } : positionIn(text, pointer);

const choiceOf = ({ tools, credentials, headers }: ParsedServer): Choice => ({
  allow: tools.allow ?? [],
  override: Object.fromEntries(Object.entries(tools.override).map(([name, said]) => [name, overrideOf(said)])),
  credentials: Object.keys(credentials),
  authenticatedOtherwise: Object.keys(headers).length > 0,
});

const overrideOf = ({
  name,
  description,
  effect,
  fixed,
  output,
}: ParsedServer['tools']['override'][string]): ToolOverride => ({
  ...(name !== undefined && { name }),
  ...(description !== undefined && { description }),
  ...(effect !== undefined && { effect }),
  fixed,
  output,
});

function resolveCredentials(
  { report, environment, folder }: ConfigInput,
  name: string,
  server: ParsedServer,
): Readonly<Record<string, RestCredential>> {
  const resolved: [string, RestCredential][] = [];
  for (const [scheme, credential] of Object.entries(server.credentials)) {
    const path = ['servers', name, 'credentials', scheme];
    const isBasic = 'user' in credential;
    const { secret, prefix = '' } = isBasic ? credential.password : credential;
    const found = resolveSecret(secret, environment, folder);
    if ('error' in found) report.error([...path, ...(isBasic ? ['password'] : []), 'secret'], found.error);
    else if (isBasic) resolved.push([scheme, { user: credential.user, password: `${prefix}${found.value}` }]);
    else resolved.push([scheme, `${prefix}${found.value}`]);
  }
  return Object.fromEntries(resolved);
}

function infoOf({ root }: OpenApiDocument, name: string): { readonly title: string; readonly version: string } {
  const { title, version } = asObject(root['info']);
  return { title: shortText(title, name), version: shortText(version, '0') };
}

/** Clients show it: visible characters, and few. */
const shortText = (value: unknown, otherwise: string): string => {
  const text =
    typeof value === 'string'
      ? value
          .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
          .trim()
          .slice(0, 100)
      : '';
  return text === '' ? otherwise : text;
};

/** The exact names of the tools of a document, for the guard. */
export const namesOf = (tools: readonly RestTool[]): readonly string[] => tools.map(({ name }) => name);
