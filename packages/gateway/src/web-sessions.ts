/** The port of browser sessions: who signed in on the dashboard. Types only; `adapters/sqlite/` keeps them. */
import type { JsonObject, MaybePromise } from '@sallyport/guard';

/** One session of a browser. The id is in its cookie; the store knows its hash only. */
export interface WebSession {
  /** SHA-256 of the id, in hex. */
  readonly idHash: string;
  readonly issuer: string;
  readonly subject: string;
  /** The OAuth client through which the person signed in. */
  readonly clientId: string;
  /** The tenant in which the person acts. */
  readonly tenant: string;
  /** What the issuer said at sign-in. */
  readonly claims: JsonObject;
  /** The roles that the session began with; when others apply, it has ended. */
  readonly roles: string;
  readonly csrfToken: string;
  /** When the person last proved who they are. */
  readonly authTimeMs: number;
  /** How they proved it (`acr`), as the issuer says. */
  readonly acr: string | undefined;
  /** The issuer's own id of the session, for its logout. */
  readonly sid: string | undefined;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number;
  readonly expiresAtMs: number;
}

/** Whose sessions are ended: those of a person, or the one that the issuer names. */
export interface SessionsOf {
  readonly issuer: string;
  /** `sub`, by which issuers name people in ID tokens and logout tokens; `claims.subject` may be another claim. */
  readonly sub?: string;
  readonly sid?: string;
}

/** Keeps sessions. Every method is one atomic step. */
export interface WebSessionStore {
  find(idHash: string): MaybePromise<WebSession | undefined>;
  /** Ends the oldest sessions of the person beyond `perPersonMax`, and all that have expired. */
  insert(session: WebSession, perPersonMax: number, nowMs: number): MaybePromise<void>;
  seen(idHash: string, atMs: number): MaybePromise<void>;
  end(idHash: string): MaybePromise<void>;
  endOf(whose: SessionsOf): MaybePromise<void>;
  /** @returns false when the text was given before and has not expired: a token that is replayed. */
  takeOnce(text: string, expiresAtMs: number, nowMs: number): MaybePromise<boolean>;
}
