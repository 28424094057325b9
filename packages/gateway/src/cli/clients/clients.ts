/**
 * The MCP clients that `sallyport connect` knows: where each keeps its servers, and how it writes one. The facts are
 * those of the clients' own documentation; `docs/guides/connect-clients.md` names the pages.
 */
import { join } from 'node:path';
import { homeFolder, type Environment } from '../../config.ts';

/** Names of the clients, as the command line takes them. */
export const CLIENT_NAMES = [
  'claude-code',
  'claude-desktop',
  'cursor',
  'vscode',
  'windsurf',
  'codex',
  'gemini',
  'zed',
] as const;

/** One of {@link CLIENT_NAMES}. */
export type ClientName = (typeof CLIENT_NAMES)[number];

/** A server as a client writes it: an object of JSON, or a table of TOML. */
export type ClientEntry = Readonly<Record<string, unknown>>;

/** What a client is given over HTTP. */
export interface HttpEntry {
  readonly url: string;
  /** Name of the variable with the API key; absent where the client signs in itself. */
  readonly tokenVariable: string | undefined;
}

/** What a client starts itself. */
export interface StdioEntry {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** One client. */
export interface Client {
  readonly title: string;
  readonly format: 'json' | 'toml';
  /** Keys from the top of the file to the servers. */
  readonly place: readonly string[];
  /** The file for all projects of this user. */
  userFile(environment: Environment, platform: NodeJS.Platform): string;
  /** The file of one project, from its folder; absent where there is none. */
  readonly projectFile?: string;
  /** `undefined` where the client starts programs only. */
  readonly http: ((entry: HttpEntry) => ClientEntry) | undefined;
  stdio(entry: StdioEntry): ClientEntry;
  /** Whether it replaces variables, so that the key need not stand in its file. */
  readonly readsVariables: boolean;
  /** A secret that it asks a person for: an item of `inputs`. */
  readonly inputs?: { readonly id: string; readonly [key: string]: unknown };
  /** What a person does afterwards. */
  readonly afterwards: string;
}

/** Where a program keeps the settings of a user. */
function settingsFolder(environment: Environment, platform: NodeJS.Platform): string {
  const home = homeFolder(environment);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  if (platform === 'win32') return environment['APPDATA'] ?? join(home, 'AppData', 'Roaming');
  return environment['XDG_CONFIG_HOME'] ?? join(home, '.config');
}

const inHome =
  (...path: readonly string[]) =>
  (environment: Environment): string =>
    join(homeFolder(environment), ...path);

const headersWith = (tokenVariable: string | undefined, spelled: (name: string) => string): ClientEntry =>
  tokenVariable === undefined ? {} : { headers: { Authorization: `Bearer ${spelled(tokenVariable)}` } };

const inBraces = (name: string): string => `\${${name}}`;
const withEnv = (name: string): string => `\${env:${name}}`;
const plainStdio = ({ command, args, env }: StdioEntry): ClientEntry => ({ command, args, env });
const typedStdio = (entry: StdioEntry): ClientEntry => ({ type: 'stdio', ...plainStdio(entry) });

const VSCODE_INPUT = 'sallyport-key';

/** Every client by its name. */
export const CLIENTS: Readonly<Record<ClientName, Client>> = {
  'claude-code': {
    title: 'Claude Code',
    format: 'json',
    place: ['mcpServers'],
    userFile: inHome('.claude.json'),
    projectFile: '.mcp.json',
    http: ({ url, tokenVariable }) => ({ type: 'http', url, ...headersWith(tokenVariable, inBraces) }),
    stdio: typedStdio,
    readsVariables: true,
    afterwards: 'Start Claude Code anew; /mcp shows the server.',
  },
  'claude-desktop': {
    title: 'Claude Desktop',
    format: 'json',
    place: ['mcpServers'],
    userFile: (environment, platform) =>
      join(settingsFolder(environment, platform), 'Claude', 'claude_desktop_config.json'),
    http: undefined,
    stdio: plainStdio,
    readsVariables: false,
    afterwards: 'Quit Claude Desktop and start it again.',
  },
  cursor: {
    title: 'Cursor',
    format: 'json',
    place: ['mcpServers'],
    userFile: inHome('.cursor', 'mcp.json'),
    projectFile: '.cursor/mcp.json',
    http: ({ url, tokenVariable }) => ({ url, ...headersWith(tokenVariable, withEnv) }),
    stdio: plainStdio,
    readsVariables: true,
    afterwards: 'Cursor shows the server under Settings, MCP.',
  },
  vscode: {
    title: 'VS Code',
    format: 'json',
    place: ['servers'],
    userFile: (environment, platform) => join(settingsFolder(environment, platform), 'Code', 'User', 'mcp.json'),
    projectFile: '.vscode/mcp.json',
    http: ({ url, tokenVariable }) => ({
      type: 'http',
      url,
      ...headersWith(tokenVariable, () => `\${input:${VSCODE_INPUT}}`),
    }),
    inputs: { id: VSCODE_INPUT, type: 'promptString', description: 'API key for Sallyport', password: true },
    stdio: typedStdio,
    readsVariables: true,
    afterwards: 'VS Code shows the server after: MCP: List Servers.',
  },
  windsurf: {
    title: 'Windsurf',
    format: 'json',
    place: ['mcpServers'],
    userFile: inHome('.codeium', 'windsurf', 'mcp_config.json'),
    http: ({ url, tokenVariable }) => ({ serverUrl: url, ...headersWith(tokenVariable, withEnv) }),
    stdio: plainStdio,
    readsVariables: true,
    afterwards: 'Press Refresh in the MCP settings of Windsurf.',
  },
  codex: {
    title: 'Codex',
    format: 'toml',
    place: ['mcp_servers'],
    userFile: (environment) =>
      join(environment['CODEX_HOME'] ?? join(homeFolder(environment), '.codex'), 'config.toml'),
    http: ({ url, tokenVariable }) => ({
      url,
      ...(tokenVariable !== undefined && { bearer_token_env_var: tokenVariable }),
    }),
    stdio: plainStdio,
    readsVariables: true,
    afterwards: 'codex mcp list shows the server.',
  },
  gemini: {
    title: 'Gemini CLI',
    format: 'json',
    place: ['mcpServers'],
    userFile: inHome('.gemini', 'settings.json'),
    projectFile: '.gemini/settings.json',
    http: ({ url, tokenVariable }) => ({ httpUrl: url, ...headersWith(tokenVariable, inBraces) }),
    stdio: plainStdio,
    readsVariables: true,
    afterwards: 'gemini mcp list shows the server.',
  },
  zed: {
    title: 'Zed',
    format: 'json',
    place: ['context_servers'],
    userFile: (environment, platform) =>
      platform === 'win32'
        ? join(settingsFolder(environment, platform), 'Zed', 'settings.json')
        : join(environment['XDG_CONFIG_HOME'] ?? join(homeFolder(environment), '.config'), 'zed', 'settings.json'),
    projectFile: '.zed/settings.json',
    http: ({ url }) => ({ url }),
    stdio: plainStdio,
    readsVariables: false,
    afterwards: 'Zed shows the server in the settings of its agent panel.',
  },
};
