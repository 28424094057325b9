/** What changed between two definitions, as lines of a terminal. */
import type { JsonObject } from '@sallyport/guard';
import { diffDefinitions, type DiffLine } from '../control/servers/definition-diff.ts';

const SIGNS: Readonly<Record<DiffLine['op'], string>> = { same: ' ', add: '+', remove: '-' };

/** Lines that begin with `-` (pinned only), `+` (seen only) or a blank (both). */
export const diffLines = (pinned: JsonObject | undefined, seen: JsonObject): readonly string[] =>
  diffDefinitions(pinned, seen).map(({ op, text }) => `${SIGNS[op]} ${text}`);
