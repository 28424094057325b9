/** The operator's log: JSON lines on standard error, with secrets redacted. */
export { createLogger, type LoggerOptions } from './logger.ts';
