import type { Log } from '@sallyport/guard';

/** One JSON object a line on standard error: standard output belongs to the protocol. */
export const logToStandardError: Log = (level, message, fields = {}) =>
  void process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
