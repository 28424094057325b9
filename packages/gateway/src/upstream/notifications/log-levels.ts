/**
 * The log level that a legacy client set for its session. It holds for modern servers and for sessions that open later.
 */
import { BoundedMap } from '@sallyport/guard';
import type { McpLogLevel } from '@sallyport/server/mcp/log-levels';
import { ownerKey, type Owner } from '../sessions/session.ts';

/** The levels by owner. The ones that were set least recently are dropped first. */
export interface LogLevels {
  set(owner: Owner, level: McpLogLevel): void;
  get(owner: Owner): McpLogLevel | undefined;
}

const OWNERS_MAX = 10_000;

/** Keeps the levels of 10,000 owners. */
export function createLogLevels(): LogLevels {
  const levels = new BoundedMap<string, McpLogLevel>(OWNERS_MAX);
  return {
    set(owner, level) {
      const key = ownerKey(owner);
      // Deleted first, so that the level that was set least recently is the first to be dropped.
      levels.delete(key);
      levels.set(key, level);
    },
    get: (owner) => levels.get(ownerKey(owner)),
  };
}
