/**
 * How much a server may send unasked: notifications, requests, text on standard error, responses to no request. What
 * exceeds the budget is read no faster than the budget grows (back-pressure). A server that continues to exceed it is
 * disconnected (B6).
 */

/** Amounts for one stream of a server. */
export interface FloodLimits {
  /** What a full budget holds. */
  readonly messageBurst: number;
  readonly byteBurst: number;
  /** What the budget grows by. */
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** The budget of one stream. */
export interface FloodBudget {
  /**
   * Spends what was read.
   *
   * @returns milliseconds to wait before more is read, often 0; `undefined` when the stream must be cut off: it sent
   *   many times its budget without a pause in which the budget grew full again.
   */
  spend(messages: number, bytes: number): number | undefined;
}

/** A stream may spend its budget so many times before it is cut off. */
const FLOODS_MAX = 3;

/** The limits of the stream that carries a server's messages. */
export const MESSAGE_FLOOD_LIMITS: FloodLimits = {
  messageBurst: 4_000,
  messagesPerSecond: 1_000,
  byteBurst: 8 * 1024 * 1024,
  bytesPerSecond: 2 * 1024 * 1024,
};

/** Starts with a full budget. @param now monotonic, in milliseconds. */
export function createFloodBudget(limits: FloodLimits, now: () => number = () => performance.now()): FloodBudget {
  const messages = createTokenBucket(limits.messageBurst, limits.messagesPerSecond);
  const bytes = createTokenBucket(limits.byteBurst, limits.bytesPerSecond);
  return {
    spend(messageCount, byteCount) {
      const nowMs = now();
      const waits = [messages.spend(messageCount, nowMs), bytes.spend(byteCount, nowMs)];
      if (messages.isFlooded() || bytes.isFlooded()) return undefined;
      return Math.ceil(Math.max(...waits));
    },
  };
}

interface TokenBucket {
  /** @returns milliseconds until the bucket is no longer overdrawn. */
  spend(amount: number, nowMs: number): number;
  isFlooded(): boolean;
}

function createTokenBucket(burst: number, perSecond: number): TokenBucket {
  let left = burst;
  let spentSinceFull = 0;
  let atMs: number | undefined;
  return {
    spend(amount, nowMs) {
      left += ((nowMs - (atMs ?? nowMs)) / 1000) * perSecond;
      atMs = nowMs;
      if (left >= burst) {
        left = burst;
        spentSinceFull = 0;
      }
      left -= amount;
      spentSinceFull += amount;
      return left >= 0 ? 0 : (-left / perSecond) * 1000;
    },
    isFlooded: () => spentSinceFull > FLOODS_MAX * burst,
  };
}
