/** Logs. */
export { createLogger, type Level, type Log, type LoggerOptions } from './logger.ts';
