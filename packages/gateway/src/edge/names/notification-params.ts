import type { JsonObject } from '@sallyport/guard';
import type { Route } from './route.ts';
import { clientUri } from './spelling.ts';

/** On `/mcp` a changed resource is named as it is listed there. @param server the one that the notice came from. */
export function notificationParams(
  method: string,
  params: JsonObject,
  { route, server }: { readonly route: Route; readonly server: string | undefined },
): JsonObject {
  if (
    route.server !== undefined ||
    server === undefined ||
    method !== 'notifications/resources/updated' ||
    typeof params['uri'] !== 'string'
  )
    return params;
  return { ...params, uri: clientUri(server, params['uri']) };
}
