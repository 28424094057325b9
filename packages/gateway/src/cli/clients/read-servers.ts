/**
 * The servers in the configuration of an MCP client, whatever client it is: JSON with or without comments (Claude,
 * Cursor, VS Code, Windsurf, Gemini, Zed) or TOML (Codex).
 */
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import { parse as parseJsonc, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';

/** A server as a client writes it. */
export interface ClientServer {
  readonly name: string;
  readonly command: readonly string[] | undefined;
  readonly url: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** The client does not start it. */
  readonly isDisabled: boolean;
}

/** Where clients keep their servers, from the top of the file; `*` stands for every member. */
const PLACES: readonly (readonly string[])[] = [
  ['mcpServers'],
  ['servers'],
  ['mcp', 'servers'],
  ['mcp_servers'],
  ['context_servers'],
  ['projects', '*', 'mcpServers'],
];

const BYTES_MAX = 8 * 1024 * 1024;

/**
 * @param text of the file.
 * @throws Error with a sentence for the user when it cannot be read, or names no servers.
 */
export function readClientServers(text: string): readonly ClientServer[] {
  if (text.length > BYTES_MAX) throw new Error('is larger than 8 MiB');
  const document = /^\s*[{[]/.test(text) || text.trim() === '' ? json(text) : toml(text);
  const found = new Map<string, ClientServer>();
  for (const place of PLACES)
    for (const servers of at(document, place))
      for (const [name, written] of Object.entries(servers)) {
        const server = isObject(written) ? serverOf(name, written) : undefined;
        if (server !== undefined && !found.has(name)) found.set(name, server);
      }
  if (found.size === 0)
    throw new Error(`names no servers (looked for ${PLACES.map((place) => place.join('.')).join(', ')})`);
  return [...found.values()];
}

function json(text: string): JsonObject {
  const errors: ParseError[] = [];
  const value = parseJsonc(text.replace(/^\uFEFF/, ''), errors, { allowTrailingComma: true }) as Json | undefined;
  const [first] = errors;
  if (first === undefined && isObject(value)) return value;
  throw new Error(first === undefined ? 'is not a JSON object' : `is not JSON (${printParseErrorCode(first.error)})`);
}

function toml(text: string): JsonObject {
  try {
    return parseToml(text) as JsonObject;
  } catch {
    // The message of the parser quotes the line, which may hold a secret.
    throw new Error('is neither JSON nor TOML');
  }
}

function at(document: JsonObject, place: readonly string[]): readonly JsonObject[] {
  return place.reduce<readonly JsonObject[]>(
    (objects, step) =>
      objects
        .flatMap((object) => (step === '*' ? Object.values(object) : [object[step]]))
        .filter((value): value is JsonObject => isObject(value)),
    [document],
  );
}

function serverOf(name: string, written: JsonObject): ClientServer | undefined {
  // Zed had the program in an object of its own.
  const { command: nested } = written;
  const source: JsonObject = isObject(nested) ? { ...nested, command: nested['path'] ?? null } : written;
  const { command, args } = source;
  const url = [written['httpUrl'], written['serverUrl'], written['url']].find((each) => typeof each === 'string');
  const program = Array.isArray(command) ? textsIn(command) : textsIn([command]);
  if (program.length === 0 && url === undefined) return undefined;
  const { cwd, enabled, disabled } = written;
  return {
    name,
    command: program.length === 0 ? undefined : [...program, ...(Array.isArray(args) ? textsIn(args) : [])],
    url: program.length === 0 && typeof url === 'string' ? url : undefined,
    env: { ...textMembers(source['env']), ...sameNames(written['env_vars']) },
    headers: headersOf(written),
    cwd: typeof cwd === 'string' ? cwd : undefined,
    isDisabled: disabled === true || enabled === false,
  };
}

/** Codex names variables with what goes into headers. */
function headersOf(written: JsonObject): Readonly<Record<string, string>> {
  const { bearer_token_env_var: bearer } = written;
  const named = Object.entries(textMembers(written['env_http_headers'])).map(([name, variable]) => [
    name,
    `\${${variable}}`,
  ]);
  return {
    ...textMembers(written['headers']),
    ...textMembers(asObject(written['requestInit'])['headers']),
    ...textMembers(written['http_headers']),
    ...Object.fromEntries(named),
    ...(typeof bearer === 'string' && { Authorization: `Bearer \${${bearer}}` }),
  };
}

const textsIn = (values: readonly unknown[]): readonly string[] =>
  values.flatMap((value) => (typeof value === 'string' || typeof value === 'number' ? [String(value)] : []));

const textMembers = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(asObject(value as Json)).flatMap(([name, member]) =>
      typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean'
        ? [[name, String(member)]]
        : [],
    ),
  );

/** Variables that are passed on under their own names. */
const sameNames = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries((Array.isArray(value) ? textsIn(value) : []).map((name) => [name, `\${${name}}`]));
