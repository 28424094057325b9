/** `sallyport call`: one tool call through a running gateway. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { ask, type Aim, type Reply } from './gateway-client.ts';
import type { CliIo } from './io.ts';
import { printable } from './printable.ts';
import { showRefusal } from './refusal.ts';
import { aimOf, targetOptions, type TargetOptions, type TargetSource } from './target.ts';
import { listTools } from './tools.ts';
import { RPC_ERROR } from '../mcp/error-codes.ts';
import { paramHeaders } from '../mcp/param-headers.ts';

interface CallOptions extends TargetOptions {
  readonly args: JsonObject;
  readonly json?: boolean;
}

export function registerCall(program: Command, io: CliIo, source: TargetSource): void {
  targetOptions(
    program
      .command('call')
      .description('call a tool through a running gateway')
      .argument('<name>', 'name of the tool, as `sallyport tools` lists it'),
  )
    .option('--args <json>', 'arguments as a JSON object', readArguments, {})
    .option('--json', 'print the whole result as JSON')
    .addHelpText(
      'after',
      `\nExample:\n  SALLYPORT_TOKEN=sp_… sallyport call notes__add_note --args '{"title":"hi","text":"there"}'\n`,
    )
    .action(async (name: string, options: CallOptions) => {
      const reply = await callTool(aimOf(options, source), name, options.args);
      if (reply.kind === 'error') showRefusal(io, reply, options.json === true);
      else show(io, reply.result, options.json === true);
    });
}

function readArguments(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It is not valid JSON.');
  }
  if (!isObject(value)) throw new InvalidArgumentError('It must be a JSON object.');
  return value;
}

/** A tool may want some arguments in headers as well; what they are is in its definition, which is fetched only then. */
async function callTool(aim: Aim, name: string, args: JsonObject): Promise<Reply> {
  const params = { name, arguments: args };
  const reply = await ask(aim, 'tools/call', params);
  if (reply.kind !== 'error' || reply.code !== RPC_ERROR.headerMismatch) return reply;
  const listed = await listTools(aim);
  const tool = listed.kind === 'tools' ? listed.tools.find((one) => one['name'] === name) : undefined;
  return tool === undefined ? reply : ask(aim, 'tools/call', params, paramHeaders(tool['inputSchema'], args));
}

function show(io: CliIo, result: JsonObject, json: boolean): void {
  const failed = result['isError'] === true;
  if (failed) io.exit(1);
  if (json) io.stdout(`${JSON.stringify(result, null, 2)}\n`);
  else (failed ? io.stderr : io.stdout)(`${textOf(result)}\n`);
}

function textOf(result: JsonObject): string {
  const { content } = result;
  const blocks = Array.isArray(content) ? (content as Json[]).filter(isObject) : [];
  const texts = blocks.map((block) =>
    typeof block['text'] === 'string' ? printable(block['text']) : `[${printable(String(block['type']))}]`,
  );
  if (texts.length > 0) return texts.join('\n');
  return printable(JSON.stringify(result['structuredContent'] ?? result, null, 2));
}
