/** The tables that SQLite and PostgreSQL have alike. */
import type { ApprovalEventKind, ApprovalStatus } from '@sallyport/guard';
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

/** The tables by name. */
export interface Tables {
  approvals: ApprovalRow;
  approval_events: ApprovalEventRow;
  channels: ChannelRow;
  channel_notices: ChannelNoticeRow;
  people: PersonRow;
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
