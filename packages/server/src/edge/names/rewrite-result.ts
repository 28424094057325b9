/**
 * On `/mcp`, URIs inside of results lead back to the server that they came from. Only where MCP says that a URI is the
 * server's own resource: structured content, text and unknown members are data and stay as they are.
 */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { clientUri } from './spelling.ts';

/** @returns the same object when there was nothing to rewrite, so that the original bytes can be passed on. */
export function rewriteResult(value: JsonObject, server: string): JsonObject {
  const content = rewriteEach(value['content'], server, rewriteBlock);
  const contents = rewriteEach(value['contents'], server, rewriteUri);
  const messages = rewriteEach(value['messages'], server, rewriteMessage);
  const meta = rewriteMeta(value['_meta'], server);
  if (
    content === value['content'] &&
    contents === value['contents'] &&
    messages === value['messages'] &&
    meta === value['_meta']
  )
    return value;
  return {
    ...value,
    ...(content !== undefined && { content }),
    ...(contents !== undefined && { contents }),
    ...(messages !== undefined && { messages }),
    ...(meta !== undefined && { _meta: meta }),
  };
}

/** MCP Apps: the resource that shows the result of a tool, in the nested and in the older flat form. */
export function rewriteMeta(meta: Json | undefined, server: string): Json | undefined {
  if (!isObject(meta)) return meta;
  const { ui, 'ui/resourceUri': flatUri } = meta;
  const flat = typeof flatUri === 'string' ? { 'ui/resourceUri': clientUri(server, flatUri) } : undefined;
  if (isObject(ui) && typeof ui['resourceUri'] === 'string')
    return { ...meta, ui: { ...ui, resourceUri: clientUri(server, ui['resourceUri']) }, ...flat };
  return flat === undefined ? meta : { ...meta, ...flat };
}

/** @returns the same list when nothing in it was rewritten. */
function rewriteEach(
  list: Json | undefined,
  server: string,
  rewrite: (item: Json, server: string) => Json,
): Json | undefined {
  if (!Array.isArray(list)) return list;
  const items = list as readonly Json[];
  const rewritten = items.map((item) => rewrite(item, server));
  return rewritten.every((item, index) => item === items[index]) ? list : rewritten;
}

const rewriteUri = (item: Json, server: string): Json =>
  isObject(item) && typeof item['uri'] === 'string' ? { ...item, uri: clientUri(server, item['uri']) } : item;

function rewriteBlock(block: Json, server: string): Json {
  if (!isObject(block)) return block;
  if (block['type'] === 'resource_link') return rewriteUri(block, server);
  return block['type'] === 'resource' && isObject(block['resource'])
    ? { ...block, resource: rewriteUri(block['resource'], server) }
    : block;
}

/** A message of a prompt has one content block or a list of them. */
function rewriteMessage(message: Json, server: string): Json {
  if (!isObject(message) || message['content'] === undefined) return message;
  const { content } = message;
  const rewritten = Array.isArray(content) ? rewriteEach(content, server, rewriteBlock) : rewriteBlock(content, server);
  return rewritten === content || rewritten === undefined ? message : { ...message, content: rewritten };
}
