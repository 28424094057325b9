/** Structured logs: one JSON document per line on standard error. Standard output belongs to the protocol. */
import { destination, pino, stdTimeFunctions, type DestinationStream } from 'pino';
import type { Log, LogLevel } from '@sallyport/guard';
import { createLogRedactor } from './redact.ts';

/** Settings of the log. */
export interface LoggerOptions {
  /** The least severe level that is written, read with every message. */
  readonly level: () => LogLevel;
  /** Exact values that must never appear: what the secret references of the configuration resolved to. */
  readonly secrets?: () => readonly string[];
  /** Where lines go; standard error when absent. */
  readonly write?: (line: string) => void;
}

/** @returns a function that never throws. Give the correlation id as `correlation_id` in the fields. */
export function createLogger(options: LoggerOptions): Log {
  const stream: DestinationStream =
    options.write === undefined ? destination({ fd: 2, sync: true }) : { write: options.write };
  const redactor = createLogRedactor(options.secrets ?? ((): readonly string[] => []));
  const logger = pino(
    {
      level: options.level(),
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      messageKey: 'message',
    },
    stream,
  );
  return (level, message, fields) => {
    const leastSevere = options.level();
    if (logger.level !== leastSevere) logger.level = leastSevere;
    if (!logger.isLevelEnabled(level)) return;
    try {
      // The fields are in a member of their own, so that none can look like the time, the level or the message.
      logger[level](fields === undefined ? {} : { fields: redactor.fields(fields) }, redactor.text(message));
    } catch {
      // A log that cannot be written must not fail a call. Only the audit log must.
    }
  };
}
