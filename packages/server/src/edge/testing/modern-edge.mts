/** A test edge for clients of 2026-07-28: servers with extensions, a task, and notifications for subscriptions. */
import { GuardError } from '@sallyport/guard';
import { definition, DEFINITIONS } from './servers.mts';
import { openTestEdge, type TestEdge } from './test-edge.mts';

const RICH = { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true, listChanged: true } };

export const openModernEdge = (): Promise<TestEdge> =>
  openTestEdge({
    approvals: [{ server: 'crm', tool: 'erase' }],
    deny: ({ name }) => name === 'secret',
    profiles: {
      crm: { capabilities: { ...RICH, extensions: { 'io.modelcontextprotocol/tasks': {} } } },
      docs: {
        capabilities: { ...RICH, resources: {}, extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: [] } } },
      },
    },
    definitions: [...DEFINITIONS, definition('crm', 'tool', 'shared'), definition('crm', 'tool', 'task')],
    tools: {
      task: () => ({ value: { resultType: 'task', taskId: 't', status: 'working', ttlMs: 5, cacheScope: 'public' } }),
      shared: () => ({
        value: { content: [], ttlMs: 5, cacheScope: 'public' },
        bytes: Buffer.from('{"content":[],"ttlMs":5,"cacheScope":"public"}'),
      }),
    },
    async other({ call }, channel) {
      if (call.method === 'subscriptions/listen') {
        const server = call.target.kind === 'servers' ? call.target.servers[0] : undefined;
        channel.notify('notifications/tools/list_changed', {});
        channel.notify('notifications/prompts/list_changed', {});
        channel.notify('notifications/resources/updated', { uri: 'file:///a' });
        channel.notify('notifications/resources/updated', { uri: 'file:///a/inner' });
        channel.notify('notifications/resources/updated', { uri: 'file:///other' });
        channel.notify('notifications/message', { level: 'info', data: server ?? '' });
        await new Promise<void>((resolve) => {
          call.signal.addEventListener('abort', () => resolve(), { once: true });
        });
        return { value: {} };
      }
      if (call.method === 'resources/read')
        return {
          value: {
            contents: [{ uri: 'name' in call.target ? call.target.name : '', text: 'x' }],
            cacheScope: 'public',
            ttlMs: 1e12,
            _meta: { 'com.example/kept': 1, 'io.modelcontextprotocol/serverInfo': { name: 'not what was approved' } },
          },
        };
      throw new GuardError('not_found');
    },
  });
