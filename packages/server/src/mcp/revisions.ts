/**
 * Revisions of MCP and what tells them apart (MCP 2026-07-28, basic/versioning). Legacy revisions begin with the
 * `initialize` handshake; since 2026-07-28 every request carries what the server needs to know.
 */

/** The revision without a handshake. */
export const MODERN_VERSION = '2026-07-28';

/** Newest first. The first one is what `initialize` offers, and what it falls back to for an unknown version. */
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/** A revision with a handshake. */
export type LegacyVersion = (typeof LEGACY_VERSIONS)[number];

/** What `initialize` offers. */
export const NEWEST_LEGACY_VERSION: LegacyVersion = LEGACY_VERSIONS[0];

/** The version of an HTTP request that names none and belongs to no session (MCP 2025-06-18, basic/transports). */
export const ASSUMED_VERSION: LegacyVersion = '2025-03-26';

/** Every version that the gateway speaks, newest first. */
export const SUPPORTED_VERSIONS: readonly string[] = [MODERN_VERSION, ...LEGACY_VERSIONS];

/** True for a version that `initialize` may agree on. */
export const isLegacyVersion = (version: unknown): version is LegacyVersion =>
  (LEGACY_VERSIONS as readonly unknown[]).includes(version);

/** Tasks are a capability of the core in this revision only; since 2026-07-28 they are an extension (SEP-2663). */
export const hasCoreTasks = (version: string): boolean => version === '2025-11-25';

/** A server may refuse a request until a page was opened, with the error -32042 (MCP 2025-11-25, elicitation). */
export const hasUrlElicitation = (version: string): boolean => version === '2025-11-25';

/** A server may begin a stream with an event that has an id and no data (MCP 2025-11-25, basic/transports). */
export const primesStreams = (version: string): boolean => version === '2025-11-25';

/** Revisions before 2025-06-18 do not know the header `MCP-Protocol-Version`. */
export const hasVersionHeader = (version: string): boolean => version >= '2025-06-18';
