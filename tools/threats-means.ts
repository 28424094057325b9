/** Threats to the systems that a tool reaches: databases, files and programs. */
import { row, type Threat } from './threat.ts';

export const MEANS: Readonly<Record<string, Threat>> = {
  A22: row(
    'A value makes a program run something else: a shell, an option, a variable, another program of that name.',
    'Programs are found once and are no shells; values have rules, never begin with a dash, and no shell reads them.',
  ),
  R14: row(
    'A path leads out of its root: by a link, a race, a hard link, a device, a pipe or another spelling.',
    'Names are looked up one by one in descriptors, no link is followed, and only ordinary files are opened.',
  ),
};
