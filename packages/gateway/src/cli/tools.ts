/** `sallyport tools`: the tools that the holder of the credential may call. */
import { isObject, type Json, type JsonObject, type WithheldDefinition } from '@sallyport/guard';
import { whyUncheckable } from '@sallyport/guard/stages';
import type { CommandContext, CommandDefinition } from './command.ts';
import { sendRequest, type GatewayError, type GatewayTarget } from './gateway-client.ts';
import { gatewayAddress, loadConfig } from '../config.ts';
import { printJson } from './io.ts';
import { notServed } from './not-served.ts';
import { printableLine, printable } from './printable.ts';
import { printGatewayError } from './gateway-error.ts';
import { TARGET_OPTIONS, targetOf, type TargetOptions } from './target.ts';

const PAGES_MAX = 100;
const NO_TOOLS =
  'No tools. Either no server offers any, or they wait for approval (sallyport pins list --pending), ' +
  'or policy permits none of them to you.\n';

/** `sallyport tools`. */
export const toolsCommand: CommandDefinition<readonly [], TargetOptions & { readonly json?: boolean }> = {
  name: 'tools',
  summary: 'list the tools that you may call through a running gateway',
  options: [...TARGET_OPTIONS, { flags: '--json', summary: 'print the definitions as JSON' }],
  example: 'SALLYPORT_TOKEN=sp_… sallyport tools --server notes',
  run: async (_given, options, context) => {
    const { io } = context;
    const listed = await listTools(targetOf(options, context));
    if (listed.kind === 'error') printGatewayError(io, listed, options.json === true);
    else if (options.json === true) printJson(io, listed.tools, 'indented');
    else io.stdout(`${tableOf(listed.tools)}${withheldLines(await withheldTools(options, context))}`);
  },
};

/** The definitions of the tools, or why the gateway refused to list them. */
export type ListedTools = { readonly kind: 'tools'; readonly tools: readonly JsonObject[] } | GatewayError;

/** Every page of `tools/list`, at most 100. */
export async function listTools(target: GatewayTarget): Promise<ListedTools> {
  const tools: JsonObject[] = [];
  let cursor: Json | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const reply = await sendRequest(target, 'tools/list', cursor === undefined ? {} : { cursor });
    if (reply.kind === 'error') return reply;
    const { tools: onPage, nextCursor } = reply.result;
    if (Array.isArray(onPage)) tools.push(...(onPage as Json[]).filter(isObject));
    if (nextCursor === undefined || nextCursor === cursor) break;
    cursor = nextCursor;
  }
  return { kind: 'tools', tools };
}

function tableOf(tools: readonly JsonObject[]): string {
  if (tools.length === 0) return NO_TOOLS;
  const rows = tools.map((tool) => ({
    name: printable(String(tool['name'])),
    summary: String(tool['description'] ?? tool['title'] ?? ''),
  }));
  const nameWidth = Math.min(48, Math.max(...rows.map(({ name }) => name.length)));
  const lines = rows.map(({ name, summary }) => {
    const summaryWidth = Math.max(20, 98 - Math.max(nameWidth, name.length));
    return `${name.padEnd(nameWidth)}  ${printableLine(summary, summaryWidth)}`.trimEnd();
  });
  return `${[...lines, ...uncallable(tools)].join('\n')}\n`;
}

/**
 * What the gateway noted in its data folder; nothing where that folder is elsewhere. Through the gateway itself a
 * server could speak to callers by the names of tools that nobody approved.
 */
async function withheldTools(
  { server, url }: TargetOptions,
  { configuration, environment }: CommandContext,
): Promise<readonly WithheldDefinition[]> {
  if (url !== undefined || gatewayAddress(environment) !== undefined) return [];
  const loaded = loadConfig(configuration.file(), environment);
  if (!('snapshot' in loaded)) return [];
  const { withheld } = await notServed(loaded.snapshot);
  return withheld.filter((one) => one.kind === 'tool' && (server === undefined || one.server === server));
}

function withheldLines(withheld: readonly WithheldDefinition[]): string {
  if (withheld.length === 0) return '';
  const lines = withheld.map(
    ({ server, name, reason }) => `  ${server}: ${printableLine(name, 128)}: ${printableLine(reason, 400)}`,
  );
  return `${['', 'These are withheld:', ...lines].join('\n')}\n`;
}

/** Tools whose calls are refused, because a schema of theirs cannot be checked. */
function uncallable(tools: readonly JsonObject[]): readonly string[] {
  const reasons = tools.flatMap((tool) => {
    const why = whyUncheckable(tool);
    return why === undefined ? [] : [`  ${printable(String(tool['name']))}: ${printableLine(why, 400)}`];
  });
  return reasons.length === 0 ? [] : ['', 'These cannot be called:', ...reasons];
}
