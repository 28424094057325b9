/**
 * How many bytes of messages the gateway holds at once: of callers that are not known yet, and of each tenant. A
 * message counts from its first byte until it was answered.
 */
import { GuardError } from '@sallyport/guard';

/** The bytes of one message. */
export interface BodyShare {
  /** Counts bytes. @throws GuardError `unavailable` or `rate_limited` when there would be too many. */
  take(bytes: number): void;
  /** The caller is known: from now on the bytes are its tenant's. @throws GuardError `rate_limited`. */
  belongTo(tenant: string): void;
  release(): void;
}

/** The limits in force when a message arrives. */
export interface ByteLimits {
  readonly strangerBytesMax: number;
  readonly tenantBytesMax: number;
}

/** Counts the bytes of an edge. */
export interface BytesUnderWay {
  open(limits: ByteLimits): BodyShare;
  /** Bytes that are held now, of a tenant or of strangers. */
  of(tenant: string | undefined): number;
}

const RETRY_AFTER_SECONDS = 1;

/** Nothing is held at first. */
export function createBytesUnderWay(): BytesUnderWay {
  const held = new Map<string | undefined, number>();
  const add = (tenant: string | undefined, bytes: number): void => {
    const sum = (held.get(tenant) ?? 0) + bytes;
    if (sum > 0) held.set(tenant, sum);
    else held.delete(tenant);
  };
  return {
    of: (tenant) => held.get(tenant) ?? 0,
    open({ strangerBytesMax, tenantBytesMax }) {
      let owner: string | undefined;
      let own = 0;
      const check = (tenant: string | undefined, bytes: number): void => {
        const bytesMax = tenant === undefined ? strangerBytesMax : tenantBytesMax;
        if ((held.get(tenant) ?? 0) + bytes > bytesMax) throw tooMany(tenant);
      };
      return {
        take(bytes) {
          check(owner, bytes);
          add(owner, bytes);
          own += bytes;
        },
        belongTo(tenant) {
          check(tenant, own);
          add(owner, -own);
          add(tenant, own);
          owner = tenant;
        },
        release() {
          add(owner, -own);
          own = 0;
        },
      };
    },
  };
}

const tooMany = (tenant: string | undefined): GuardError =>
  tenant === undefined
    ? new GuardError('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
    : new GuardError('rate_limited', {
        message: 'Too many bytes of this tenant are under way.',
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
