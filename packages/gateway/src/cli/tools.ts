/** `sallyport tools`: what the holder of the credential may call. */
import type { Command } from 'commander';
import { ask, type Aim, type Reply } from './gateway-client.ts';
import type { CliIo } from './io.ts';
import { oneLine, printable } from './printable.ts';
import { showRefusal } from './refusal.ts';
import { aimOf, targetOptions, type TargetOptions, type TargetSource } from './target.ts';
import { isObject, type Json, type JsonObject } from '@sallyport/guard';

const MAX_PAGES = 100;

export function registerTools(program: Command, io: CliIo, source: TargetSource): void {
  targetOptions(program.command('tools').description('list the tools that you may call through a running gateway'))
    .option('--json', 'print the definitions as JSON')
    .addHelpText('after', '\nExample:\n  SALLYPORT_TOKEN=sp_… sallyport tools --server notes\n')
    .action(async (options: TargetOptions & { readonly json?: boolean }) => {
      const listed = await listTools(aimOf(options, source));
      if (listed.kind === 'error') showRefusal(io, listed, options.json === true);
      else io.stdout(options.json === true ? `${JSON.stringify(listed.tools, null, 2)}\n` : table(listed.tools));
    });
}

export type Listed =
  | { readonly kind: 'tools'; readonly tools: readonly JsonObject[] }
  | Extract<Reply, { kind: 'error' }>;

/** Every page of `tools/list`. */
export async function listTools(aim: Aim): Promise<Listed> {
  const tools: JsonObject[] = [];
  let cursor: Json | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const reply = await ask(aim, 'tools/list', cursor === undefined ? {} : { cursor });
    if (reply.kind === 'error') return reply;
    const { tools: some, nextCursor } = reply.result;
    if (Array.isArray(some)) tools.push(...(some as Json[]).filter(isObject));
    if (nextCursor === undefined || nextCursor === cursor) break;
    cursor = nextCursor;
  }
  return { kind: 'tools', tools };
}

function table(tools: readonly JsonObject[]): string {
  if (tools.length === 0)
    return 'No tools. Either no server offers any, or they wait for approval (sallyport pins list --pending), or policy permits none of them to you.\n';
  const rows = tools.map((tool) => ({
    name: printable(String(tool['name'])),
    about: String(tool['description'] ?? tool['title'] ?? ''),
  }));
  const width = Math.min(48, Math.max(...rows.map((row) => row.name.length)));
  return (
    rows
      .map(({ name, about }) =>
        `${name.padEnd(width)}  ${oneLine(about, Math.max(20, 98 - Math.max(width, name.length)))}`.trimEnd(),
      )
      .join('\n') + '\n'
  );
}
