/** The configuration that a command works with: where its file is, and its errors as a compiler prints them. */
import { defaultConfigFile, formatConfigError, loadConfig, type Environment } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';
import type { CliIo } from './io.ts';

/** The configuration that the command line names. */
export interface Configuration {
  /** `--config`, `SALLYPORT_CONFIG`, `./sallyport.yaml`, or `undefined` for the embedded defaults. */
  file(): string | undefined;
  /** `undefined` after the errors were printed and exit code 1 was set. */
  load(): Snapshot | undefined;
}

/** @param named the value of `--config`, when it was given. */
export function openConfiguration(
  io: Pick<CliIo, 'stderr' | 'exit'>,
  environment: Environment,
  named: () => string | undefined,
): Configuration {
  const file = (): string | undefined => named() ?? defaultConfigFile(environment);
  return {
    file,
    load: () => {
      const loaded = loadConfig(file(), environment);
      if ('snapshot' in loaded) return loaded.snapshot;
      for (const error of loaded.errors) io.stderr(`${formatConfigError(error)}\n`);
      io.exit(1);
      return undefined;
    },
  };
}
