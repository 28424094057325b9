import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { browserCommand } from './browser.ts';
import { file, folder, run } from './testing/run.mts';

const config = file('open.yaml', 'admin: { listen: 127.0.0.1:8791, publicUrl: https://sallyport.example.com }');

/** What a computer with a browser was asked to open. */
function browser(found: boolean): { readonly asked: string[]; readonly openBrowser: () => Promise<boolean> } {
  const asked: string[] = [];
  return {
    asked,
    openBrowser: async (...args: readonly string[]) => {
      asked.push(...args);
      return found;
    },
  };
}

it('opens the configured address, the one of the environment, or the one of the option', async () => {
  const { asked, openBrowser } = browser(true);
  const environment = { SALLYPORT_CONFIG: config };
  const out = { code: 0, out: 'https://sallyport.example.com/\n', err: '' };
  expect(await run(['open'], { environment, openBrowser })).toEqual(out);
  const other = { ...environment, SALLYPORT_ADMIN_URL: 'https://b.example.com' };
  await run(['open'], { environment: other, openBrowser });
  await run(['open', '--admin-url', 'http://127.0.0.1:1/x'], { environment: other, openBrowser });
  expect(asked).toEqual(['https://sallyport.example.com/', 'https://b.example.com/', 'http://127.0.0.1:1/']);
  expect(await run(['open', '--admin-url', 'javascript:alert(1)'], { environment, openBrowser })).toMatchObject({
    code: 1,
    out: '',
  });
});

it('prints the address where there is no browser, and opens nothing with --print', async () => {
  const environment = { SALLYPORT_CONFIG: config };
  const none = await run(['open'], { environment, openBrowser: browser(false).openBrowser });
  expect(none).toEqual({
    code: 0,
    out: 'https://sallyport.example.com/\n',
    err: 'There is no browser here: open this address in yours.\n',
  });
  const { asked, openBrowser } = browser(true);
  const printed = await run(['open', '--print', '--json'], { environment, openBrowser });
  expect(JSON.parse(printed.out)).toEqual({ url: 'https://sallyport.example.com/', opened: false });
  expect(asked).toEqual([]);
});

it('takes the program of the system, and none where there is no screen', () => {
  expect(browserCommand('linux', {})).toBe(undefined);
  expect(browserCommand('linux', { WAYLAND_DISPLAY: 'wayland-0' })).toEqual(['xdg-open']);
  expect(browserCommand('darwin', {})).toEqual(['open']);
  expect(browserCommand('win32', {})).toEqual(['rundll32', 'url.dll,FileProtocolHandler']);
});

it.skipIf(process.platform !== 'linux')('a process of its own waits until the browser was started', async () => {
  mkdirSync(join(folder, 'programs'));
  const opened = join(folder, 'opened');
  chmodSync(file(join('programs', 'xdg-open'), `#!/bin/sh\nprintf '%s' "$1" > ${opened}\n`), 0o755);
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const path = [join(folder, 'programs'), dirname(process.execPath), process.env['PATH']].join(':');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=sallyport-source', main, '--config', config, 'open', '--json'],
    { env: { PATH: path, DISPLAY: ':0' } },
  );
  expect(JSON.parse(stdout)).toEqual({ url: 'https://sallyport.example.com/', opened: true });
  expect(readFileSync(opened, 'utf8')).toBe('https://sallyport.example.com/');
});
