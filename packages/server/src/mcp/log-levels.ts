/** Severities of log messages (MCP, server/utilities/logging; RFC 5424, section 6.2.1). */

/** From the least to the most severe. */
const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;

/** The level of a log message, or the least level that a client wants to receive. */
export type McpLogLevel = (typeof LOG_LEVELS)[number];

/** False for a level that MCP does not know, such as `warn`. */
export const isLogLevel = (value: unknown): value is McpLogLevel => (LOG_LEVELS as readonly unknown[]).includes(value);

/**
 * True when a message of `level` reaches a client that asked for `least`. A level that MCP does not know never does.
 */
export const isAtLeast = (level: unknown, least: string): boolean =>
  isLogLevel(level) && LOG_LEVELS.indexOf(level) >= (LOG_LEVELS as readonly string[]).indexOf(least);
