export const MODERN_VERSION = '2026-07-28';
/** Newest first: what `initialize` falls back to when a client asks for something else. */
export const LEGACY_VERSIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
/** What a request without a version and without a session is taken for (2025-06-18, transports). */
export const ASSUMED_VERSION = '2025-03-26';
export const SUPPORTED_VERSIONS: readonly string[] = [MODERN_VERSION, ...LEGACY_VERSIONS];
