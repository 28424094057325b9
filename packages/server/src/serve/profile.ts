import type { JsonObject } from '@sallyport/guard';
import type { ServerProfile } from '../edge/settings.ts';
import { UI_EXTENSION } from '../mcp/meta-keys.ts';
import type { SecureServerOptions } from '../options.ts';
import type { ItemCatalog } from './catalog.ts';

const APP_TYPES = ['text/html;profile=mcp-app'];

/** What `initialize` and `server/discover` say of a server: only what it has. */
export function serverProfile(options: SecureServerOptions, { items }: ItemCatalog): ServerProfile {
  const { name, title, version = '0.0.0', instructions } = options;
  const has = (...kinds: readonly string[]): boolean => items.some(({ kind }) => kinds.includes(kind));
  const completes = items.some((item) => 'complete' in item && Object.keys(item.complete).length > 0);
  const hasApps = items.some((item) => item.kind === 'resource' && item.name.startsWith('ui://'));
  const capabilities: JsonObject = {
    logging: {},
    ...(has('tool') && { tools: {} }),
    ...(has('resource', 'resource_template') && { resources: { subscribe: true } }),
    ...(has('prompt') && { prompts: {} }),
    ...(completes && { completions: {} }),
    ...(hasApps && { extensions: { [UI_EXTENSION]: { mimeTypes: APP_TYPES } } }),
  };
  return { serverInfo: { name, version, ...(title !== undefined && { title }) }, capabilities, instructions };
}
