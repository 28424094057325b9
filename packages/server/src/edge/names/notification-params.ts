import type { JsonObject } from '@sallyport/guard';
import { NOTIFICATION } from '../../mcp/notifications.ts';
import type { Route } from './route.ts';
import { clientUri } from './spelling.ts';

/**
 * Params of a notification as an endpoint shows them: on `/mcp` an updated resource has the URI that it is listed
 * under.
 */
export function notificationParams(
  method: string,
  params: JsonObject,
  route: Route,
  server: string | undefined,
): JsonObject {
  const { uri } = params;
  const isRenamed = route.server === undefined && server !== undefined;
  return isRenamed && method === NOTIFICATION.resourceUpdated && typeof uri === 'string'
    ? { ...params, uri: clientUri(server, uri) }
    : params;
}
