/** What is worth telling a page that is open: something changed, and which resource to read again. */

/** One piece of news. */
export type News =
  | { readonly kind: 'server'; readonly name: string; readonly status: string }
  /** `what` is a kind of change, such as `settings`, `policies`, `definition`, `key`. */
  | { readonly kind: 'changed'; readonly what: string };

/** Hands news to those who listen. */
export interface NewsFeed {
  /** @param tenant who may know; `undefined` = everybody. */
  publish(news: News, tenant?: string): void;
  /** @returns what ends the listening. */
  listen(tenant: string, receive: (news: News) => void): () => void;
}

/** Keeps nothing: who listens later reads the resources. */
export function createNewsFeed(): NewsFeed {
  const listeners = new Set<{ readonly tenant: string; readonly receive: (news: News) => void }>();
  return {
    publish(news, tenant) {
      for (const listener of listeners) if (tenant === undefined || listener.tenant === tenant) listener.receive(news);
    },
    listen(tenant, receive) {
      const listener = { tenant, receive };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
