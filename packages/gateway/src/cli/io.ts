export interface Folders {
  readonly data: string;
  readonly audit: string;
}

/** What a command may touch: two streams, an exit code and two folders. Tests give it strings. */
export interface CliIo {
  /** Writes text as it is; add your own line break. */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** 0 done, 1 found something or refused, 2 wrong usage. Sets the code; the process ends when nothing is left to do. */
  readonly exit: (code: number) => void;
  /** Where the configuration in use keeps its things (`--config`, `SALLYPORT_CONFIG`, `./sallyport.yaml` or the defaults). */
  readonly loadFolders: () => Promise<Folders>;
}
