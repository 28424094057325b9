/** Where a listener listens, and how it is protected. */

/** Paths of PEM files; `clientCa` makes client certificates mandatory. */
export interface TlsSettings {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
}

/** The address of a listener, and how it is protected. */
export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  readonly behindTlsProxy: boolean;
}
