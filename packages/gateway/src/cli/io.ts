/** What a command may touch: two streams, an exit code and the data folder. Tests give it strings. */
export interface CliIo {
  /** Writes text as it is; add your own line break. */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** 0 done, 1 found something or refused, 2 wrong usage. Sets the code; the process ends when nothing is left to do. */
  readonly exit: (code: number) => void;
  /** The data folder of the configuration in use (`--config`, `SALLYPORT_CONFIG`, `./sallyport.yaml` or the defaults). */
  readonly loadFolder: () => Promise<string>;
}
