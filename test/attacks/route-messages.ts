/** What the tests on routes and ids share: two servers, one per tenant, and a message for every method. */
import { MODERN_META, type Era } from './mcp-client.ts';
import { tool } from './upstream.ts';

export const OFFER = {
  tools: [tool('alpha', { a: {} }, { description: 'CANARY of a definition' })],
  prompts: [{ name: 'greet', description: 'CANARY' }],
  resources: [{ uri: 'mem://x', name: 'CANARY' }],
  templates: [{ uriTemplate: 'mem://doc/{id}', name: 'CANARY' }],
};
/** Each tenant sees one of the servers. */
export const POLICIES =
  'permit (principal in Tenant::"acme", action, resource in Server::"one"); ' +
  'permit (principal in Tenant::"globex", action, resource in Server::"two");';
export const ERAS = ['modern', 'legacy'] as const;

/** Params that name something of a server, for every method of the table. */
export function paramsOf(method: string, server: string): Record<string, unknown> {
  const own = (name: string): string => (server === '' ? name : `${server}__${name}`);
  const uri = server === '' ? 'mem://x' : `${server}+mem://x`;
  if (method === 'tools/call') return { name: own('alpha'), arguments: {} };
  if (method === 'prompts/get') return { name: own('greet') };
  if (method.startsWith('resources/') && !method.endsWith('list')) return { uri };
  if (method === 'completion/complete')
    return { ref: { type: 'ref/prompt', name: own('greet') }, argument: { name: 'a', value: '' } };
  if (method.startsWith('tasks/')) return { taskId: `${server || 'one'}.abcdef` };
  if (method === 'initialize')
    return { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  return {
    notifications: { toolsListChanged: true, resourceSubscriptions: [uri] },
    level: 'debug',
    requestId: 7,
    progressToken: 7,
    progress: 1,
  };
}

export const bodyOf = (era: Era, method: string, params: Record<string, unknown>): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    ...(!method.startsWith('notifications/') && { id: 1 }),
    method,
    params: era === 'modern' ? { ...params, _meta: MODERN_META } : params,
  });
