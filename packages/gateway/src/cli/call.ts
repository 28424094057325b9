/** `sallyport call`: one tool call through a running gateway. */
import { InvalidArgumentError } from 'commander';
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import { paramHeaders } from '@sallyport/server/mcp/param-headers';
import type { CommandDefinition } from './command.ts';
import { sendRequest, type GatewayReply, type GatewayTarget } from './gateway-client.ts';
import { printGatewayError } from './gateway-error.ts';
import { printJson, type CliIo } from './io.ts';
import { printable } from './printable.ts';
import { TARGET_OPTIONS, targetOf, type TargetOptions } from './target.ts';
import { listTools } from './tools.ts';

interface CallOptions extends TargetOptions {
  readonly args: JsonObject;
  readonly json?: boolean;
}

/** `sallyport call`. */
export const callCommand: CommandDefinition<readonly [string], CallOptions> = {
  name: 'call',
  summary: 'call a tool through a running gateway',
  arguments: [{ name: 'name', summary: 'name of the tool, as `sallyport tools` lists it' }],
  options: [
    ...TARGET_OPTIONS,
    { flags: '--args <json>', summary: 'arguments as a JSON object', parse: parseArguments, default: {} },
    { flags: '--json', summary: 'print the whole result as JSON' },
  ],
  example: `SALLYPORT_TOKEN=sp_… sallyport call notes__add_note --args '{"title":"hi","text":"there"}'`,
  run: async ([name], options, context) => {
    const reply = await callTool(targetOf(options, context), name, options.args);
    if (reply.kind === 'error') printGatewayError(context.io, reply, options.json === true);
    else printResult(context.io, reply.result, options.json === true);
  },
};

function parseArguments(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It is not valid JSON.');
  }
  if (!isObject(value)) throw new InvalidArgumentError('It must be a JSON object.');
  return value;
}

/** A tool may require some arguments in headers as well. Its definition names them, and is fetched only then. */
async function callTool(target: GatewayTarget, name: string, args: JsonObject): Promise<GatewayReply> {
  const params = { name, arguments: args };
  const reply = await sendRequest(target, 'tools/call', params);
  if (reply.kind !== 'error' || reply.code !== RPC_ERROR.headerMismatch) return reply;
  const listed = await listTools(target);
  const definition = listed.kind === 'tools' ? listed.tools.find((tool) => tool['name'] === name) : undefined;
  if (definition === undefined) return reply;
  return sendRequest(target, 'tools/call', params, paramHeaders(definition['inputSchema'], args));
}

function printResult(io: CliIo, result: JsonObject, json: boolean): void {
  const failed = result['isError'] === true;
  if (failed) io.exit(1);
  if (json) return printJson(io, result, 'indented');
  const print = failed ? io.stderr : io.stdout;
  print(`${textOf(result)}\n`);
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
