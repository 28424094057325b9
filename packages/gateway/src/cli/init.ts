/** `sallyport init`: a commented configuration and a first policy. Never writes over anything. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliIo } from './io.ts';
import { configTemplate, policyTemplate } from './init-templates.ts';

interface InitOptions {
  readonly file: string;
  readonly tenant: string;
  readonly json?: boolean;
}

export function registerInit(program: Command, io: CliIo): void {
  program
    .command('init')
    .description('write a commented sallyport.yaml and a first policy')
    .option('--file <file>', 'where to write it', 'sallyport.yaml')
    .option('--tenant <id>', 'id of the first tenant', 'default')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', '\nExample:\n  sallyport init --tenant acme && sallyport check\n')
    .action((options: InitOptions) => {
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(options.tenant))
        throw new Error('--tenant must be 1-64 characters of A-Z a-z 0-9 . _ -, starting with a letter or digit');
      const file = resolve(options.file);
      const policy = join(dirname(file), 'policies', 'main.cedar');
      const written = [write(file, configTemplate(options.tenant)), write(policy, policyTemplate(options.tenant))];
      const refused = written.filter((one) => !one.written);
      if (refused.length > 0) io.exit(1);
      if (options.json === true) io.stdout(`${JSON.stringify({ files: written }, null, 2)}\n`);
      else
        for (const one of written)
          (one.written ? io.stdout : io.stderr)(
            one.written ? `wrote ${one.file}\n` : `${one.file} exists and was left as it is\n`,
          );
    });
}

function write(file: string, text: string): { readonly file: string; readonly written: boolean } {
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return { file, written: true };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return { file, written: false };
    throw thrown;
  }
}
