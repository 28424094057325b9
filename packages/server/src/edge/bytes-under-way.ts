/**
 * How many bytes of messages the gateway holds at once: of callers that are not known yet, and of each tenant and each
 * of its users. A message counts from its first byte until it was answered.
 */
import { GuardError, shareRefusal, type ShareHolder } from '@sallyport/guard';

/** The bytes of one message. */
export interface BodyShare {
  /** Counts bytes. @throws GuardError `unavailable` or `rate_limited` when there would be too many. */
  take(bytes: number): void;
  /** The caller is known: from now on the bytes are its own. @throws GuardError `rate_limited`. */
  belongTo(holder: ShareHolder): void;
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
  const ofTenants = new Map<string | undefined, number>();
  const ofUsers = new Map<string, number>();
  const add = (holder: ShareHolder | undefined, bytes: number): void => {
    addTo(ofTenants, holder?.tenant, bytes);
    if (holder !== undefined) addTo(ofUsers, holder.user, bytes);
  };
  return {
    of: (tenant) => ofTenants.get(tenant) ?? 0,
    open({ strangerBytesMax, tenantBytesMax }) {
      let owner: ShareHolder | undefined;
      let own = 0;
      const checkTenant = (holder: ShareHolder | undefined, bytes: number): void => {
        const free = (holder === undefined ? strangerBytesMax : tenantBytesMax) - bytes;
        const held = ofTenants.get(holder?.tenant) ?? 0;
        if (held > free) throw holder === undefined ? tooManyOfStrangers() : shareRefusal('tenant', BYTES);
      };
      /** B7: what a user holds besides this message may be as much as its tenant has left. */
      const checkUser = ({ tenant, user }: ShareHolder, bytes: number, counted: number): void => {
        const others = (ofUsers.get(user) ?? 0) - counted;
        const left = tenantBytesMax - (ofTenants.get(tenant) ?? 0) - bytes;
        if (bytes > 0 && others > 0 && others + counted + bytes > left) throw shareRefusal('user', BYTES);
      };
      return {
        take(bytes) {
          checkTenant(owner, bytes);
          if (owner !== undefined) checkUser(owner, bytes, own);
          add(owner, bytes);
          own += bytes;
        },
        belongTo(holder) {
          checkTenant(holder, own);
          checkUser(holder, own, 0);
          add(owner, -own);
          add(holder, own);
          owner = holder;
        },
        release() {
          add(owner, -own);
          own = 0;
        },
      };
    },
  };
}

function addTo<K>(held: Map<K, number>, key: K, bytes: number): void {
  const sum = (held.get(key) ?? 0) + bytes;
  if (sum > 0) held.set(key, sum);
  else held.delete(key);
}

const BYTES = 'bytes … are under way';

const tooManyOfStrangers = (): GuardError => new GuardError('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
