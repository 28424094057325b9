/** `sallyport open`: the dashboard, in the browser. */
import { adminAddress } from '../config.ts';
import { addressOf } from './admin-client.ts';
import type { CommandDefinition } from './command.ts';
import { printJson } from './io.ts';

interface OpenOptions {
  readonly adminUrl?: string;
  readonly print?: boolean;
  readonly json?: boolean;
}

/** `sallyport open`. */
export const openCommand: CommandDefinition<readonly [], OpenOptions> = {
  name: 'open',
  summary: 'open the dashboard in the browser',
  options: [
    {
      flags: '--admin-url <url>',
      summary: 'where the dashboard is (default: SALLYPORT_ADMIN_URL, or as configured)',
    },
    { flags: '--print', summary: 'print the address and open nothing' },
    { flags: '--json', summary: 'print JSON' },
  ],
  example: 'sallyport open',
  run: async (_given, { adminUrl, print, json }, context) => {
    const { io, environment, ports } = context;
    const given = adminUrl ?? adminAddress(environment);
    const url = `${addressOf(given, context, ({ admin }) => admin.publicUrl)}/`;
    const opened = print !== true && (await ports.openBrowser(url));
    if (json === true) return printJson(io, { url, opened });
    io.stdout(`${url}\n`);
    if (!opened && print !== true) io.stderr('There is no browser here: open this address in yours.\n');
  },
};
