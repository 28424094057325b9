/** The public key under which the checkpoints of an audit log are checked. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { parseVkey, parseWitnessKey } from '@sallyport/guard/audit';

/** @returns the key that was given, or the folder's own; `undefined` when that one is missing or damaged. */
export function vkeyOf(folder: string, given: string | undefined): string | undefined {
  try {
    const key = given ?? readFileSync(join(folder, 'vkey'), 'utf8').trim();
    parseVkey(key);
    return key;
  } catch {
    return undefined;
  }
}

/** Parses the value of `--witness-key`. @throws InvalidArgumentError */
export function parseWitnessKeyOption(text: string): string {
  try {
    parseWitnessKey(text);
    return text.trim();
  } catch {
    throw new InvalidArgumentError('Use the key of a witness (C2SP tlog-cosignature): name+id+key.');
  }
}

/** Parses the value of `--key`. @throws InvalidArgumentError */
export function parseVkeyOption(text: string): string {
  try {
    parseVkey(text);
    return text.trim();
  } catch {
    throw new InvalidArgumentError('Use the line in the file vkey of the log: name+id+key.');
  }
}
