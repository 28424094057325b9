/** A server as `sallyport add` and `init --from` write it into the configuration. */
import { isMap, isNode, isScalar, parse, parseDocument, type Document, type YAMLMap } from 'yaml';

/** A text, or where a secret is. */
export type WrittenValue = string | { readonly secret: string; readonly prefix?: string };

/** What is written of a server. */
export interface WrittenServer {
  readonly url?: string;
  readonly headers?: Readonly<Record<string, WrittenValue>>;
  readonly command?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, WrittenValue>>;
  readonly tools?: { readonly allow: readonly string[] };
  readonly pin?: 'approval';
}

/** A server, and what the configuration calls it. */
export interface NamedServer {
  readonly name: string;
  readonly server: WrittenServer;
}

/**
 * Adds servers to the text of a configuration. Nothing else of the text changes, unless `servers` is written in braces.
 *
 * @param policyFolder set where the configuration names no folder with policies.
 * @throws Error with a sentence for the user when the text has errors.
 */
export function withServers(text: string, added: readonly NamedServer[], policyFolder?: string): string {
  const lines = added.flatMap(serverLines).map((line) => `  ${line}`);
  const withLines = lines.length === 0 ? text : insertIn(text, 'servers', lines);
  return policyFolder === undefined ? withLines : insertIn(withLines, 'policies', [`  cedar: ${scalar(policyFolder)}`]);
}

/** Puts lines, which are indented by two, into the map of a key. */
function insertIn(text: string, key: string, lines: readonly string[]): string {
  const document = parseDocument(text, { keepSourceTokens: true });
  if (document.errors.length > 0) throw new Error('the configuration has errors; see: sallyport check');
  const pair = isMap(document.contents) ? document.contents.items.find((item) => keyOf(item) === key) : undefined;
  const block = lines.map((line) => `${line}\n`).join('');
  if (pair === undefined) return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}\n${key}:\n${block}`;
  const { value } = pair;
  const last = isMap(value) && value.flow !== true ? value.items.at(-1) : undefined;
  if (isMap(value) && last !== undefined) {
    const [start = 0] = rangeOf(value);
    const indent = start - (text.lastIndexOf('\n', start - 1) + 1);
    return insertAfterLine(text, rangeOf(last.value ?? last.key)[1] ?? start, indented(block, indent));
  }
  if (isMap(value) && value.items.length > 0) return rewritten(document, value, block);
  const [, keyEnd = 0] = rangeOf(pair.key);
  const colon = text.indexOf(':', keyEnd) + 1;
  const [, end = colon] = value === null ? [] : rangeOf(value);
  return insertAfterLine(`${text.slice(0, colon)}${text.slice(Math.max(end, colon))}`, colon, block);
}

const keyOf = ({ key }: { readonly key: unknown }): unknown => (isScalar(key) ? key.value : undefined);

const rangeOf = (node: unknown): readonly number[] => (isNode(node) ? (node.range ?? []) : []);

const indented = (block: string, indent: number): string => block.replace(/^  /gm, ' '.repeat(indent));

function insertAfterLine(text: string, offset: number, block: string): string {
  // The value of a block ends where its line ends, or behind it.
  const from = text[offset - 1] === '\n' ? offset - 1 : offset;
  const end = text.indexOf('\n', from);
  return end === -1 ? `${text}\n${block}` : `${text.slice(0, end + 1)}${block}${text.slice(end + 1)}`;
}

/** A map in braces becomes one in lines. */
function rewritten(document: Document.Parsed, map: YAMLMap, block: string): string {
  map.flow = false;
  for (const [name, value] of Object.entries(parse(block) as Readonly<Record<string, unknown>>))
    map.set(name, document.createNode(value));
  return document.toString({ lineWidth: 0 });
}

/** A server in lines, with lists and references on one line, as people write them. */
function serverLines({ name, server }: NamedServer): readonly string[] {
  const { url, headers = {}, command, cwd, env = {}, tools, pin } = server;
  const values = (key: string, entries: Readonly<Record<string, WrittenValue>>): readonly string[] =>
    Object.keys(entries).length === 0
      ? []
      : [`  ${key}:`, ...Object.entries(entries).map(([entry, value]) => `    ${scalar(entry)}: ${valueText(value)}`)];
  return [
    `${scalar(name)}:`,
    ...(url === undefined ? [] : [`  url: ${scalar(url)}`]),
    ...(command === undefined ? [] : [`  command: ${list(command)}`]),
    ...(cwd === undefined ? [] : [`  cwd: ${scalar(cwd)}`]),
    ...values('headers', headers),
    ...values('env', env),
    ...(tools === undefined ? [] : [`  tools: { allow: ${list(tools.allow)} }`]),
    ...(pin === undefined ? [] : [`  pin: ${pin}`]),
  ];
}

const list = (items: readonly string[]): string => `[${items.map(scalar).join(', ')}]`;

function valueText(value: WrittenValue): string {
  if (typeof value === 'string') return scalar(value);
  const { secret, prefix } = value;
  return `{ secret: ${scalar(secret)}${prefix === undefined ? '' : `, prefix: ${scalar(prefix)}`} }`;
}

/** What YAML 1.2, or 1.1, would read in another way stands in quotes; JSON is YAML. */
const scalar = (text: string): string =>
  /^[\w./-][\w./:+=-]*$/.test(text) && !/^(?:y|n|yes|no|on|off)$/i.test(text) && parse(text) === text
    ? text
    : JSON.stringify(text);
