import type { Report } from './report.ts';
import type { ParsedConfig } from './schema.ts';
import type { Environment } from './secrets.ts';

/** What every part of a configuration is built from. */
export interface ConfigInput {
  /** The configuration as the schema read it. */
  readonly config: ParsedConfig;
  readonly report: Report;
  readonly environment: Environment;
  /** What relative paths are relative to. */
  readonly folder: string;
}
