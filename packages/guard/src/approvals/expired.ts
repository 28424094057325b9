/** When a request for approval is over, by the clock of whoever asks (U6). */
import type { ApprovalStatus, FiledApproval } from '../approval-store.ts';

/**
 * How far the clocks of two processes on one store may differ.
 *
 * @example
 * ```ts
 * const isFromTheFuture = (createdAtMs: number, nowMs: number): boolean => createdAtMs > nowMs + CLOCK_SKEW_MS;
 * ```
 */
export const CLOCK_SKEW_MS = 60_000;

/**
 * Whether the time of a request is over. A request from the future is over, too: the clock was set back since it was
 * filed, and nobody knows how old it is.
 *
 * @example
 * ```ts
 * const mayBeUsed = (filed: FiledApproval, nowMs: number): boolean =>
 *   filed.status === 'approved' && !hasExpired(filed, nowMs);
 * ```
 */
export const hasExpired = ({ createdAtMs, expiresAtMs }: FiledApproval, nowMs: number): boolean =>
  nowMs >= expiresAtMs || createdAtMs > nowMs + CLOCK_SKEW_MS;

const OPEN: readonly ApprovalStatus[] = ['pending', 'approved', 'denied'];

/**
 * Whether a request may still become a call, or stands against one.
 *
 * @example
 * ```ts
 * const openOf = (all: readonly FiledApproval[], nowMs: number) => all.filter((filed) => isOpen(filed, nowMs));
 * ```
 */
export const isOpen = (filed: FiledApproval, nowMs: number): boolean =>
  OPEN.includes(filed.status) && !hasExpired(filed, nowMs);

/**
 * The status as it is now, also before an expiry is noted in the store.
 *
 * @example
 * ```ts
 * const isWaiting = (filed: FiledApproval, nowMs: number): boolean => statusAt(filed, nowMs) === 'pending';
 * ```
 */
export const statusAt = (filed: FiledApproval, nowMs: number): ApprovalStatus =>
  (filed.status === 'pending' || filed.status === 'approved') && hasExpired(filed, nowMs) ? 'expired' : filed.status;
