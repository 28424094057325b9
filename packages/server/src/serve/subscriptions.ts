/** Clients that listen for updates of resources. */
import { GuardError, type ClientChannel, type McpResult, type Permitted } from '@sallyport/guard';
import { NOTIFICATION } from '../mcp/notifications.ts';

/** The listeners of one server. */
export interface ResourceSubscriptions {
  /** Listens until the call is cancelled. */
  listen(permitted: Permitted, channel: ClientChannel): Promise<McpResult>;
  /** Of a legacy client: `resources/subscribe` or `resources/unsubscribe`. */
  change(permitted: Permitted, subscribed: boolean): McpResult;
  /** Tells everybody who subscribed to a resource that it has changed. */
  updated(uri: string): void;
}

interface Listener {
  readonly channel: ClientChannel;
  /** The legacy subscriber; `undefined` for a modern one, whose own filter says what it gets. */
  readonly subscriber: string | undefined;
}

const URIS_MAX = 100;

/** Nobody listens at first. */
export function createResourceSubscriptions(): ResourceSubscriptions {
  const listeners = new Set<Listener>();
  const subscribed = new Map<string, Set<string>>();
  return {
    async listen({ principal, call: { signal } }, channel) {
      const subscriber = channel.era === 'legacy' ? principal.key : undefined;
      const listener: Listener = { channel, subscriber };
      listeners.add(listener);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      listeners.delete(listener);
      if (subscriber !== undefined && ![...listeners].some((other) => other.subscriber === subscriber))
        subscribed.delete(subscriber);
      return { value: {} };
    },
    change({ principal, call }, isSubscribed) {
      const uris = subscribed.get(principal.key) ?? new Set<string>();
      const uri = String(call.params['uri']);
      if (isSubscribed && uris.size >= URIS_MAX)
        throw new GuardError('rate_limited', { message: 'The session has too many subscriptions to resources.' });
      if (isSubscribed) subscribed.set(principal.key, uris.add(uri));
      else uris.delete(uri);
      return { value: {} };
    },
    updated(uri) {
      for (const { channel, subscriber } of listeners)
        if (subscriber === undefined || subscribed.get(subscriber)?.has(uri) === true)
          channel.notify(NOTIFICATION.resourceUpdated, { uri });
    },
  };
}
