/** The tables that SQLite and PostgreSQL have alike. */
import type { ApprovalEventKind, ApprovalStatus, DefinitionKind, Digest } from '@sallyport/guard';
import type { ColumnType } from 'kysely';

/** A request for approval: whole in `document`, and what it is looked up by in columns. Texts of callers are quoted. */
export interface ApprovalRow {
  id: string;
  tenant: string;
  digest: string;
  status: ApprovalStatus;
  version: number;
  issuer: string;
  subject: string;
  client_id: string;
  server: string;
  tool: string;
  created_at: number;
  expires_at: number;
  remind_at: number;
  /** 1 after the event `reminder`. No part of the document, because a reminder changes nothing that people decide. */
  reminded: ColumnType<number, never, number>;
  ended_at: number | null;
  bytes: number;
  document: string;
}

/** Something that happened to a request. */
export interface ApprovalEventRow {
  sequence: number;
  kind: ApprovalEventKind;
  tenant: string;
  approval_id: string;
  at: number;
}

/** How far a channel has told, and which process serves it. */
export interface ChannelRow {
  name: string;
  owner: string;
  lease_until: number;
  sequence: number;
}

/** What a channel remembers of a request. */
export interface ChannelNoticeRow {
  channel: string;
  approval_id: string;
  address: string;
}

/** Somebody who signed in for a tenant. Texts are quoted. */
export interface PersonRow {
  tenant: string;
  issuer: string;
  subject: string;
  client_id: string;
  email: string | null;
  object_id: string | null;
  /** JSON. */
  claims: string;
  at: number;
}

/** An API key. Texts are quoted; `number` is that of its last change, by which other processes read it. */
export interface KeyRow {
  id: string;
  number: number;
  hash: string;
  tenant: string;
  subject: string;
  name: string;
  /** JSON. */
  roles: string;
  /** JSON. */
  scopes: string;
  tier: string | null;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

/** A definition of a server. Its names are quoted; `id` is a hash of them, because no index takes long names. */
interface DefinitionRow {
  id: string;
  server: string;
  kind: DefinitionKind;
  name: string;
}

/** An approved definition. */
export interface PinRow extends DefinitionRow {
  digest: Digest;
  /** JSON. */
  document: string;
  approved_at: number;
  approved_by: string;
}

/** A definition that waits for approval. */
export interface PendingPinRow extends DefinitionRow {
  digest: Digest;
  /** JSON. */
  document: string;
  seen_at: number;
  rejected_at: number | null;
  rejected_by: string | null;
}

/** A definition that is not served because of its name or shape. */
export interface WithheldRow extends DefinitionRow {
  reason: string;
}

/** An MCP session that was ended; `number` as with keys. */
export interface EndedSessionRow {
  id: string;
  number: number;
  expires_at: number;
}

/** An MCP session whose subscriptions are in one process: the one of this data folder. */
export interface HeldSessionRow {
  id: string;
  owner: string;
  expires_at: number;
}

/** A session of a browser. */
export interface WebSessionRow {
  id_hash: string;
  number: number;
  issuer: string;
  subject: string;
  sid: string | null;
  /** JSON. */
  session: string;
  last_seen_at: number;
  expires_at: number;
}

/** A passkey of a person. Texts are quoted. */
export interface PasskeyRow {
  id: string;
  issuer: string;
  subject: string;
  /** COSE, base64url. */
  public_key: string;
  counter: number;
  /** JSON. */
  transports: string;
  name: string;
  created_at: number;
  used_at: number | null;
}

/** A challenge that waits for the answer of a browser. */
export interface PasskeyChallengeRow {
  challenge: string;
  bound_to: string;
  expires_at: number;
}

/** The tables by name. The first block is in PostgreSQL only: `adapters/sqlite` has its own for that. */
export interface Tables {
  api_keys: KeyRow;
  pins: PinRow;
  pending_pins: PendingPinRow;
  withheld: WithheldRow;
  ended_sessions: EndedSessionRow;
  held_sessions: HeldSessionRow;
  web_sessions: WebSessionRow;
  /** What counts once, as a SHA-256 of it. */
  taken_once: { text_hash: string; expires_at: number };

  approvals: ApprovalRow;
  approval_events: ApprovalEventRow;
  channels: ChannelRow;
  channel_notices: ChannelNoticeRow;
  people: PersonRow;
  passkeys: PasskeyRow;
  passkey_challenges: PasskeyChallengeRow;
  /** Last numbers. Whoever raises one holds it until the end of the transaction, so that changes have one order. */
  sequences: { name: string; value: number };
  sallyport_schema: { version: number };
}

/**
 * Text as columns hold it: PostgreSQL keeps neither U+0000 nor lone surrogates, and two subjects that differ in those
 * are two subjects.
 */
export const quoted = (text: string): string => JSON.stringify(text);

/** The reverse of {@link quoted}. */
export const unquoted = (column: string): string => JSON.parse(column) as string;
