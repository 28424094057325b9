/**
 * "This might be a sub-resource of the one that the client actually subscribed to" (MCP, server/resources,
 * subscriptions).
 *
 * @param uri what has been updated.
 * @param subscribed what was subscribed to.
 */
export const isSameOrBelow = (uri: string, subscribed: string): boolean =>
  uri === subscribed || uri.startsWith(subscribed.endsWith('/') ? subscribed : `${subscribed}/`);
