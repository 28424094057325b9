/** The part of a configuration that commands on its folders need. */
export interface Folders {
  readonly data: string;
  readonly audit: string;
  readonly tenants: readonly string[];
  /** Names of the rate limit tiers. */
  readonly tiers: readonly string[];
  readonly servers: readonly string[];
}

/** What a command may touch: two streams, an exit code and the folders of a configuration. Tests give it strings. */
export interface CliIo {
  /** Writes text as it is; add your own line break. */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** 0 done, 1 found something or refused, 2 wrong usage. Sets the code; the process ends when nothing is left to do. */
  readonly exit: (code: number) => void;
  /** Where the configuration in use keeps its things (`--config`, `SALLYPORT_CONFIG`, `./sallyport.yaml` or the defaults). */
  readonly loadFolders: () => Promise<Folders>;
}
