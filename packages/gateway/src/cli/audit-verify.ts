/** `sallyport audit verify`: every record, hash and checkpoint of the chosen logs is checked. */
import { readRecords, verifyLog, type Verified } from '../adapters/segments/verify.ts';
import { foldersOf, LOG_SUMMARY, type LogSelection, type TenantFolder } from './audit-folders.ts';
import { parseVkeyOption, vkeyOf } from './audit-key.ts';
import type { CommandDefinition } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { printable } from './printable.ts';

interface VerifyOptions extends LogSelection {
  readonly key?: string;
}

/** `sallyport audit verify`. */
export const verifyCommand: CommandDefinition<readonly [], VerifyOptions> = {
  name: 'verify',
  summary: 'check every record, hash and checkpoint; works offline on an export',
  options: [
    { flags: '--from <folder>', summary: 'data folder or export (default: the configured audit folder)' },
    { flags: '--tenant <id>', summary: 'only this tenant' },
    { flags: '--log <name>', summary: LOG_SUMMARY },
    {
      flags: '--key <vkey>',
      summary:
        'public key to trust (default: the one in the folder, which whoever changed the log could have changed too)',
      parse: parseVkeyOption,
    },
    { flags: '--json', summary: 'print JSON' },
  ],
  example: '$ sallyport audit verify --from ./export --key "$(cat trusted.vkey)"',
  run: async (_given, options, { io }) => {
    const folders = await foldersOf(options, io);
    if (options.key !== undefined && folders.length > 1) {
      io.stderr('--key is the key of one log: name it with --tenant, and with --log where the tenant has several\n');
      return io.exit(2);
    }
    const results = folders.map(({ tenant, log, folder }) => ({ tenant, log, ...verify(folder, options.key) }));
    if (options.json) printJson(io, results);
    else for (const result of results) printResult(result, io);
    if (results.some(({ problems }) => problems.length > 0)) io.exit(1);
  },
};

function verify(folder: string, givenKey: string | undefined): Verified {
  const key = vkeyOf(folder, givenKey);
  if (key !== undefined) return verifyLog(folder, key);
  const { records, problems } = readRecords(folder);
  const missingKey = {
    file: 'vkey',
    index: undefined,
    what: 'the public key is missing or damaged, so no checkpoint can be checked; give it with --key',
  };
  return { records: records.length, checkpointed: 0, problems: [missingKey, ...problems] };
}

function printResult(result: Verified & Pick<TenantFolder, 'tenant' | 'log'>, io: CliIo): void {
  const { tenant, log, records, checkpointed, problems } = result;
  const owner = tenant === '_' ? 'before a tenant is known (_)' : `tenant ${printable(tenant)}`;
  const name = log === undefined ? owner : `${owner}, log ${log}`;
  if (problems.length === 0)
    return io.stdout(`ok      ${name}: ${records} records, ${checkpointed} under a signed checkpoint\n`);
  for (const { file, index, what } of problems) {
    const position = index === undefined ? file : `${file}, record ${index}`;
    io.stdout(`FAILED  ${name}: ${position}: ${what}\n`);
  }
}
