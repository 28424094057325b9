/**
 * Commands that download what they run: `npx package`, `uvx package` and the like. Without an exact version they run
 * whatever the registry serves that day, and scripts of a package run already when it is installed.
 */

/** How one of these programs is written. */
interface Downloader {
  /** Words after the program: `npm exec`. */
  readonly words: readonly string[];
  /** Options that name a package instead of the first argument. */
  readonly packageOptions: readonly string[];
  /** Options that name a further package. */
  readonly moreOptions: readonly string[];
  /** Other options whose value is the next argument. */
  readonly valueOptions: readonly string[];
  /** Variables with which it runs no scripts of the packages that it installs. */
  readonly withoutScripts: Readonly<Record<string, string>>;
}

const NPM_SETTING = 'npm_config_ignore_scripts';
const NPM: Downloader = {
  words: [],
  packageOptions: ['-p', '--package'],
  moreOptions: [],
  valueOptions: ['-w', '--workspace', '--registry', '--cache', '--prefix'],
  withoutScripts: { [NPM_SETTING]: 'true' },
};
const UV: Downloader = {
  words: [],
  packageOptions: ['--from', '--spec'],
  moreOptions: ['--with'],
  valueOptions: ['-p', '--python', '--index-url', '--default-index', '--index', '--pip-args'],
  withoutScripts: {},
};
const DOWNLOADERS: Readonly<Record<string, readonly Downloader[]>> = {
  npx: [NPM],
  pnpx: [NPM],
  bunx: [NPM],
  npm: [
    { ...NPM, words: ['exec'] },
    { ...NPM, words: ['x'] },
  ],
  pnpm: [{ ...NPM, words: ['dlx'] }],
  yarn: [{ ...NPM, words: ['dlx'], withoutScripts: { ...NPM.withoutScripts, YARN_ENABLE_SCRIPTS: 'false' } }],
  bun: [{ ...NPM, words: ['x'] }],
  uvx: [UV],
  uv: [{ ...UV, words: ['tool', 'run'] }],
  pipx: [{ ...UV, words: ['run'] }],
};
const EXACT_VERSION = /(?:@|==)\d+\.\d+\.\d+(?:[-+.][0-9A-Za-z.-]+)?$/;

/** The packages that a command would fetch in whatever version is newest. */
export function unpinnedPackages(command: string, args: readonly string[]): readonly string[] {
  const downloader = downloaderOf(command, args);
  if (downloader === undefined) return [];
  return packagesIn(downloader, args.slice(downloader.words.length)).filter((name) => !EXACT_VERSION.test(name));
}

/** Variables with which a command runs no scripts of the packages that it installs. */
export const withoutInstallScripts = (command: string, args: readonly string[]): Readonly<Record<string, string>> =>
  downloaderOf(command, args)?.withoutScripts ?? {};

function downloaderOf(command: string, args: readonly string[]): Downloader | undefined {
  const program =
    command
      .split(/[\\/]/)
      .at(-1)
      ?.replace(/\.(?:cmd|exe)$/i, '') ?? '';
  const rows = Object.hasOwn(DOWNLOADERS, program) ? DOWNLOADERS[program] : undefined;
  return rows?.find(({ words }) => words.every((word, index) => args[index] === word));
}

function packagesIn(downloader: Downloader, args: readonly string[]): readonly string[] {
  const { packageOptions, moreOptions, valueOptions } = downloader;
  const named: string[] = [];
  const more: string[] = [];
  let first: string | undefined;
  for (let index = 0; index < args.length && first === undefined; index++) {
    const [option = '', value] = splitOption(args[index] ?? '');
    const take = (): string => value ?? args[++index] ?? '';
    if (packageOptions.includes(option)) named.push(take());
    else if (moreOptions.includes(option)) more.push(take());
    else if (valueOptions.includes(option)) take();
    else if (!option.startsWith('-')) first = args[index];
  }
  return [...(named.length > 0 || first === undefined ? named : [first]), ...more];
}

/** `--package=x` is one argument. */
function splitOption(argument: string): readonly [string, string?] {
  const equals = argument.startsWith('--') ? argument.indexOf('=') : -1;
  return equals < 0 ? [argument] : [argument.slice(0, equals), argument.slice(equals + 1)];
}
