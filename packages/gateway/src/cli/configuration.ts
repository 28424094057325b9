/** The configuration that a command works with: where its file is, and its errors as a compiler prints them. */
import { formatConfigError, loadConfig, type Environment } from '../config.ts';
import { CONFIG_FILE_NAME, findConfigFile } from '../config/find-file.ts';
import type { Snapshot } from '../snapshot.ts';
import type { CliIo } from './io.ts';

/** The configuration that the command line names. */
export interface Configuration {
  /**
   * `--config`, `SALLYPORT_CONFIG`, or the nearest `sallyport.yaml` in this folder or above it.
   *
   * @throws Error with a sentence for the user when there is none.
   */
  file(): string;
  /** The same; `undefined` when there is none. */
  fileIfAny(): string | undefined;
  /** `undefined` after the errors were printed and exit code 1 was set. @throws as `file`. */
  load(): Snapshot | undefined;
}

/** @param named the value of `--config`, when it was given. */
export function openConfiguration(
  io: Pick<CliIo, 'stderr' | 'exit'>,
  environment: Environment,
  named: () => string | undefined,
): Configuration {
  const fileIfAny = (): string | undefined => named() ?? findConfigFile(environment);
  const file = (): string => {
    const found = fileIfAny();
    if (found === undefined) throw new Error(noConfiguration(process.cwd()));
    return found;
  };
  return {
    file,
    fileIfAny,
    load: () => {
      const loaded = loadConfig(file(), environment);
      if ('snapshot' in loaded) return loaded.snapshot;
      for (const error of loaded.errors) io.stderr(`${formatConfigError(error)}\n`);
      io.exit(1);
      return undefined;
    },
  };
}

/** What to do without a configuration. */
const noConfiguration = (folder: string): string =>
  `There is no configuration: no ${CONFIG_FILE_NAME} in ${folder} or above it.\n` +
  'Write one with: sallyport init. Name one with: --config FILE, or SALLYPORT_CONFIG.\n' +
  'To look at the demo first: sallyport start --demo';
