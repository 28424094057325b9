/** `sallyport init`: a commented configuration and a first policy. Never overwrites a file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CommandDefinition } from './command.ts';
import { configTemplate, policyTemplate } from './init-templates.ts';
import { printJson } from './io.ts';

interface InitOptions {
  readonly file: string;
  readonly tenant: string;
  readonly json?: boolean;
}

/** `sallyport init`. */
export const initCommand: CommandDefinition<readonly [], InitOptions> = {
  name: 'init',
  summary: 'write a commented sallyport.yaml and a first policy',
  options: [
    { flags: '--file <file>', summary: 'where to write it', default: 'sallyport.yaml' },
    { flags: '--tenant <id>', summary: 'id of the first tenant', default: 'default' },
    { flags: '--json', summary: 'print what was written as JSON' },
  ],
  example: 'sallyport init --tenant acme && sallyport check',
  run: (_given, { file: target, tenant, json }, { io }) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(tenant))
      throw new Error('--tenant must be 1-64 characters of A-Z a-z 0-9 . _ -, starting with a letter or digit');
    const configFile = resolve(target);
    const policyFile = join(dirname(configFile), 'policies', 'main.cedar');
    const results = [writeNew(configFile, configTemplate(tenant)), writeNew(policyFile, policyTemplate(tenant))];
    if (results.some(({ written }) => !written)) io.exit(1);
    if (json === true) return printJson(io, { files: results }, 'indented');
    for (const { file, written } of results) {
      if (written) io.stdout(`wrote ${file}\n`);
      else io.stderr(`${file} exists and was left as it is\n`);
    }
  },
};

function writeNew(file: string, text: string): { readonly file: string; readonly written: boolean } {
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return { file, written: true };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return { file, written: false };
    throw thrown;
  }
}
