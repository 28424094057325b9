/**
 * On `/mcp`, addresses inside results lead back to the server that they came from. Only where MCP says that an address is
 * the server's own resource: structured content, text and unknown members are data, and are left alone.
 */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { clientUri } from './spelling.ts';

/** @returns the same object when there was nothing to rewrite, so that the original bytes can be passed on. */
export function rewriteResult(value: JsonObject, server: string): JsonObject {
  const content = each(value['content'], (block) => rewriteBlock(block, server));
  const contents = each(value['contents'], (one) => rewriteUri(one, server));
  const messages = each(value['messages'], (message) => rewriteMessage(message, server));
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

/** MCP Apps: the resource that shows a tool's result. */
export function rewriteMeta(meta: Json | undefined, server: string): Json | undefined {
  if (!isObject(meta)) return meta;
  const ui = meta['ui'];
  const flat = meta['ui/resourceUri'];
  if (isObject(ui) && typeof ui['resourceUri'] === 'string')
    return {
      ...meta,
      ui: { ...ui, resourceUri: clientUri(server, ui['resourceUri']) },
      ...(typeof flat === 'string' && { 'ui/resourceUri': clientUri(server, flat) }),
    };
  return typeof flat === 'string' ? { ...meta, 'ui/resourceUri': clientUri(server, flat) } : meta;
}

function each(list: Json | undefined, rewrite: (one: Json) => Json): Json | undefined {
  if (!Array.isArray(list)) return list;
  const items = list as readonly Json[];
  const rewritten = items.map(rewrite);
  return rewritten.every((one, at) => one === items[at]) ? list : rewritten;
}

const rewriteUri = (one: Json, server: string): Json =>
  isObject(one) && typeof one['uri'] === 'string' ? { ...one, uri: clientUri(server, one['uri']) } : one;

function rewriteBlock(block: Json, server: string): Json {
  if (!isObject(block)) return block;
  if (block['type'] === 'resource_link') return rewriteUri(block, server);
  return block['type'] === 'resource' && isObject(block['resource'])
    ? { ...block, resource: rewriteUri(block['resource'], server) }
    : block;
}

function rewriteMessage(message: Json, server: string): Json {
  if (!isObject(message)) return message;
  const content = message['content'];
  const rewritten = Array.isArray(content)
    ? each(content, (block) => rewriteBlock(block, server))
    : content === undefined
      ? content
      : rewriteBlock(content, server);
  return rewritten === content || rewritten === undefined ? message : { ...message, content: rewritten };
}
