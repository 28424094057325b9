/**
 * How much a server may send that nobody asked for: notifications, requests, text on standard error, responses to
 * nothing. What goes beyond is read no quicker than the budget grows (back-pressure), and a server that goes on all the
 * same is cut off (B6).
 */

/** Amounts for one stream of a server. */
export interface FloodLimits {
  /** May come at once. */
  readonly messagesAtOnceMax: number;
  readonly bytesAtOnceMax: number;
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

/** Of the stream that carries a server's messages. */
export const MESSAGE_FLOOD_LIMITS: FloodLimits = {
  messagesAtOnceMax: 4_000,
  messagesPerSecond: 1_000,
  bytesAtOnceMax: 8 * 1024 * 1024,
  bytesPerSecond: 2 * 1024 * 1024,
};

/** Starts with a full budget. @param now monotonic, in milliseconds. */
export function createFloodBudget(limits: FloodLimits, now: () => number = () => performance.now()): FloodBudget {
  const messages = createAllowance(limits.messagesAtOnceMax, limits.messagesPerSecond);
  const bytes = createAllowance(limits.bytesAtOnceMax, limits.bytesPerSecond);
  return {
    spend(messageCount, byteCount) {
      const nowMs = now();
      const waits = [messages.spend(messageCount, nowMs), bytes.spend(byteCount, nowMs)];
      if (messages.isFlooded() || bytes.isFlooded()) return undefined;
      return Math.ceil(Math.max(...waits));
    },
  };
}

interface Allowance {
  /** @returns milliseconds until the allowance is no longer overdrawn. */
  spend(amount: number, nowMs: number): number;
  isFlooded(): boolean;
}

function createAllowance(atOnceMax: number, perSecond: number): Allowance {
  let left = atOnceMax;
  let spentSinceFull = 0;
  let atMs: number | undefined;
  return {
    spend(amount, nowMs) {
      left += ((nowMs - (atMs ?? nowMs)) / 1000) * perSecond;
      atMs = nowMs;
      if (left >= atOnceMax) {
        left = atOnceMax;
        spentSinceFull = 0;
      }
      left -= amount;
      spentSinceFull += amount;
      return left >= 0 ? 0 : (-left / perSecond) * 1000;
    },
    isFlooded: () => spentSinceFull > FLOODS_MAX * atOnceMax,
  };
}
