/** What is the same for every tenant: the program and its settings. */
import type { SourcePolicy } from '@sallyport/guard/policy';
import type { Json, PolicyEngine } from '@sallyport/guard';

/** A policy, and where it stands. */
export interface PolicySource extends SourcePolicy {
  readonly file: string;
  readonly text: string;
  /** Where it begins in its file, in UTF-16 code units. */
  readonly offset: number;
  readonly fileText: string;
}

/** A setting in force. */
export interface InstalledSetting {
  readonly path: string;
  readonly value: Json;
  readonly default: Json | undefined;
  readonly origin: 'file' | 'environment' | 'default';
  readonly secret: boolean;
}

/** The program and the settings in force. */
export interface Installation {
  /** Of this program. */
  readonly version: string;
  readonly startedAtMs: number;
  readonly weakenings: readonly string[];
  /** Hash of the configuration file. */
  readonly settingsVersion: string;
  /** Every setting in force, without secrets. */
  readonly settings: () => readonly InstalledSetting[];
  /** Rate limit tiers. */
  readonly tiers: readonly string[];
  readonly policies: {
    readonly policies: readonly PolicySource[];
    readonly revision: string;
    readonly engine: PolicyEngine;
  };
}
