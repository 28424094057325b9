/**
 * `npm run docs`: writes `docs/reference/` from the tables and schemas in the code. `docs.test.ts` fails when a page
 * differs from what this would write.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { ERRORS, INTERNAL_METHODS, MCP_METHODS, METHODS, type MethodRow } from '@sallyport/guard';
import { openApiDocument } from '../packages/gateway/src/control/api/openapi.ts';
import { API_ROUTES } from '../packages/gateway/src/control/routes.ts';
import { VERSION } from '../packages/server/src/mcp/implementation.ts';
import { EXIT_CODES } from '../packages/gateway/src/cli/command.ts';
import { buildProgram } from '../packages/gateway/src/cli/program.ts';
import { foreignPage } from './foreign-page.ts';
import { page, table } from './markdown.ts';
import { policyPage } from './policy-page.ts';
import { threatsPage } from './threats-page.ts';
import { jsonSchemaOfConfig } from '../packages/gateway/src/config/schema.ts';

export const REFERENCE = fileURLToPath(new URL('../docs/reference/', import.meta.url));

/** Every generated page by file name. */
export async function pages(): Promise<ReadonlyMap<string, string>> {
  const schema = jsonSchemaOfConfig();
  return new Map([
    ['config.md', configPage(schema)],
    ['sallyport.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['errors.md', errorsPage()],
    ['methods.md', methodsPage()],
    ['policy.md', policyPage()],
    ['threats.md', threatsPage()],
    ['foreign.md', foreignPage()],
    ['cli.md', cliPage()],
    ['openapi.json', `${JSON.stringify(openApiDocument(API_ROUTES, VERSION), null, 2)}\n`],
  ]);
}

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

function configPage(schema: Node): string {
  const sections = Object.entries(schema.properties ?? {}).map(([key, node]) => {
    const rows = rowsOf(key, node);
    return `## \`${key}\`\n\n${node.description ?? ''}\n\n${table(['key', 'value', 'default', 'meaning'], rows)}`;
  });
  return page(
    'sallyport.yaml',
    'Unknown keys are errors, with file, line and column. Nothing is expanded. Secrets are references ' +
      '(`{ secret: env:NAME }`, `{ secret: "file:/path" }`), never literals. ' +
      'Relative paths are relative to the file. For editors: [`sallyport.schema.json`](sallyport.schema.json). ' +
      'Check a file with `sallyport check`.',
    'What weakens a protection is marked **Weakening**; it is logged at every start, recorded in the audit log and ' +
      'listed by `sallyport check`.',
    ...sections,
  );
}

function rowsOf(path: string, node: Node): string[][] {
  const own = [
    `\`${path}\``,
    valueOf(node),
    defaultOf(node),
    (node.description ?? '').replace(/^Weakening:/, '**Weakening:**').replace('(weakening)', '(**weakening**)'),
  ];
  const members = Object.entries(node.properties ?? {}).flatMap(([key, member]) => rowsOf(`${path}.${key}`, member));
  const named =
    typeof node.additionalProperties === 'object' ? rowsOf(`${path}.<name>`, node.additionalProperties) : [];
  const items = node.items?.properties === undefined ? [] : rowsOf(`${path}[]`, node.items);
  const below = [...members, ...named, ...items];
  return node.properties !== undefined && below.length > 0 ? below : [own, ...below];
}

function valueOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((one) => `\`${String(one)}\``).join(', ');
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(valueOf))].join(' or ');
  if (node.type === 'array')
    return `list of ${node.items?.properties === undefined ? valueOf(node.items ?? {}) : 'objects'}`;
  if (node.type === 'object' && typeof node.additionalProperties === 'object')
    return `by name: ${valueOf(node.additionalProperties)}`;
  if (node.type === 'object' && node.properties !== undefined) return `{ ${Object.keys(node.properties).join(', ')} }`;
  return (
    ({ string: 'text', integer: 'whole number', number: 'number', boolean: 'true or false' } as Record<string, string>)[
      node.type ?? ''
    ] ?? 'object'
  );
}

const defaultOf = (node: Node): string => {
  if (node.default === undefined) return '–';
  return `\`${typeof node.default === 'string' ? node.default : JSON.stringify(node.default)}\``;
};

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([code, row]) => [
    `\`${code}\``,
    String(row.http),
    String(row.jsonRpc),
    `\`${row.errorCode}\``,
    row.retryable ? 'yes' : 'no',
    row.message,
    row.suggestion ?? '',
  ]);
  return page(
    'Errors',
    'Every refusal and failure has one of these codes. A refused `tools/call` of an authenticated caller comes back ' +
      'as a tool result with `isError: true` and `structuredContent` = `{ error_code, message, suggestion?, ' +
      'retry_after?, correlation_id }` with HTTP status 200; everything else as below. ' +
      'Retry says whether nothing was executed and the same call may succeed later.',
    table(['code', 'HTTP', 'JSON-RPC', '`error_code`', 'retry', 'message', 'suggestion'], rows),
  );
}

function methodsPage(): string {
  const unrecorded = Object.entries(METHODS)
    .filter(([, row]) => row.audit === 'refused only')
    .map(([method]) => `- \`${method}\``);
  return page(
    'Methods',
    'Which stage of the guard applies to which MCP method. A method that is not here does not exist. ' +
      '*legacy* = revisions up to 2025-11-25, *modern* = 2026-07-28.',
    methodTable(MCP_METHODS),
    '## Calls of the gateway itself\n\nThe gateway makes these calls, and records name them. ' +
      'They are not methods of MCP: a client that sends one gets `method_not_found`.',
    methodTable(INTERNAL_METHODS),
    '## What leaves no record when it succeeds\n\nThese touch no upstream, carry no arguments and reveal ' +
      'nothing that the caller did not bring. They are recorded when they are refused.',
    unrecorded.join('\n'),
  );
}

function methodTable(methods: Readonly<Record<string, MethodRow>>): string {
  const rows = Object.entries(methods).map(([method, row]) => [
    `\`${method}\``,
    row.eras.join(', '),
    row.direction.replace('_', ' '),
    row.kind,
    row.target ?? '–',
    row.action ?? '–',
    row.validates ? 'yes' : '–',
    row.limited ? 'yes' : '–',
    row.audit,
  ]);
  return table(
    ['method', 'eras', 'direction', 'kind', 'target', 'policy action', 'arguments checked', 'rate limited', 'records'],
    rows,
  );
}

function cliPage(): string {
  const refuse = (): never => {
    throw new Error('documentation only');
  };
  const program = buildProgram(
    { stdout: () => undefined, stderr: () => undefined, exit: () => undefined },
    {},
    {
      start: refuse,
      probeServer: refuse,
      approveWaiting: refuse,
      prompts: refuse,
      demo: refuse,
      stdio: refuse,
      checkPolicies: refuse,
      serverFailures: refuse,
      openBrowser: refuse,
      pause: refuse,
      signals: { on: () => undefined, off: () => undefined },
    },
  );
  const exitCodes = Object.entries(EXIT_CODES).map(([code, meaning]) => `${code} ${meaning}`);
  return page(
    'Command line',
    `Exit codes: ${exitCodes.join(', ')}.`,
    ...commandsOf(program, '').map(([name, help]) => `## \`${name}\`\n\n\`\`\`text\n${help}\n\`\`\``),
  );
}

function commandsOf(command: Command, prefix: string): [string, string][] {
  const name = `${prefix}${command.name()}`;
  const chunks: string[] = [];
  command.configureOutput({ writeOut: (text) => void chunks.push(text) });
  command.outputHelp();
  return [
    [name, chunks.join('').trimEnd()],
    ...command.commands.filter((one) => one.name() !== 'help').flatMap((one) => commandsOf(one, `${name} `)),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(REFERENCE, { recursive: true });
  for (const [name, text] of await pages()) writeFileSync(join(REFERENCE, name), text);
}
