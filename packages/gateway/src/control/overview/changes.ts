/**
 * What changed lately, for people who wonder why something is other than it was: a few entries in memory. The audit log
 * has all of them, and for ever.
 */

/** Something that changed. */
export interface RecentChange {
  readonly timeMs: number;
  /** Such as `settings`, `policies`, `server`, `definition`, `key`. */
  readonly kind: string;
  readonly text: string;
  /** The person who changed it; `undefined` when nobody did. */
  readonly by?: string | undefined;
}

/** Recent changes: those of the installation, and those of each tenant. */
export interface RecentChanges {
  /** @param tenant `undefined` for what belongs to the whole installation. */
  add(change: RecentChange, tenant?: string): void;
  /** What a tenant sees, newest first. */
  list(tenant: string): readonly RecentChange[];
}

const CHANGES_MAX = 500;
const SHOWN_MAX = 30;

/** @param changed is called after each, with the tenant that sees it; `undefined` for all. */
export function createRecentChanges(
  changed: (change: RecentChange, tenant: string | undefined) => void = () => undefined,
): RecentChanges {
  const kept: { readonly change: RecentChange; readonly tenant: string | undefined }[] = [];
  return {
    add(change, tenant) {
      kept.push({ change, tenant });
      if (kept.length > CHANGES_MAX) kept.shift();
      changed(change, tenant);
    },
    list: (tenant) =>
      kept
        .filter((entry) => entry.tenant === undefined || entry.tenant === tenant)
        .slice(-SHOWN_MAX)
        .reverse()
        .map(({ change }) => change),
  };
}
