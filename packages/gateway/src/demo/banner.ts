/**
 * What `npm start` prints: addresses, users, how to connect a client, and calls to make. At most 100 columns wide.
 */
import { ASKING_CALL, CHANGING_CALL, WITHHELD_CALL, type DemoCall } from './demo-calls.ts';
import type { DemoUser } from './users.ts';

/** Everything that the banner shows. */
export interface BannerContent {
  readonly gatewayUrl: string;
  readonly adminUrl: string;
  readonly users: readonly DemoUser[];
  /** How each user's rights look in a few words, by subject. */
  readonly rights: Readonly<Record<string, string>>;
  readonly calls: readonly DemoCall[];
  /** Folder of the curl files, as typed from where the demo was started. */
  readonly callsFolder: string;
  /** The command line of Sallyport, as typed from where the demo was started. */
  readonly command: string;
  readonly configFile: string;
  readonly weakenings: readonly string[];
  /** False when the authorization server is not on: then clients need a key. */
  readonly signIn: boolean;
}

const WIDTH = 100;

/** The text of the banner. */
export function banner(content: BannerContent): string {
  const mcp = `${content.gatewayUrl}/mcp`;
  return [
    rule('Sallyport demo'),
    pairs([
      ['MCP endpoint', `${mcp}   one server: ${mcp}/notes`],
      ...(content.signIn ? [['Dashboard', `${content.adminUrl}   (sign in as one of the people below)`] as const] : []),
      ['Operators', `${content.adminUrl}/metrics  /health  /ready  /audit/acme/checkpoint`],
    ]),
    heading('People'),
    users(content),
    heading('Connect a client'),
    pairs([
      ['Claude Code', `claude mcp add --transport http sallyport ${mcp}`],
      ['Cursor', `"sallyport":{"url":"${mcp}"}  in mcpServers of ~/.cursor/mcp.json`],
      ['VS Code', `code --add-mcp '{"name":"sallyport","type":"http","url":"${mcp}"}'`],
      ['Inspector', 'npx @modelcontextprotocol/inspector  (MCP Inspector): Streamable HTTP, endpoint above'],
    ]),
    content.signIn
      ? '  The client opens a browser: sign in as one of the people above.'
      : `  It needs a key: add the header "Authorization: Bearer …" that stands in ${content.callsFolder}/1-allowed`,
    heading('Try (each is one call; read the file to see it)'),
    ...content.calls.map((call) => callLines(call, content.callsFolder)),
    heading('A person says yes (in a second terminal)'),
    ...approvalLines(content),
    ...(content.signIn ? [heading('A definition changes'), ...definitionLines(content)] : []),
    heading('Then prove that the record of all this is whole'),
    `  ${content.command} audit verify --config ${content.configFile}`,
    heading('Weakened on purpose, because this is a demo'),
    ...content.weakenings.flatMap((weakening) => wrapped(weakening, '  - ', '    ')),
    '',
    '  Ctrl-C ends it.',
    rule(''),
    '',
  ].join('\n');
}

const rule = (title: string): string =>
  title === '' ? '─'.repeat(WIDTH) : `── ${title} ${'─'.repeat(WIDTH - title.length - 4)}`;
const heading = (title: string): string => `\n  ${title.toUpperCase()}`;

function pairs(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n');
}

function users({ users: people, rights, signIn }: BannerContent): string {
  const rows = people.map(({ subject, tenant, roles, password }) => [
    subject,
    signIn ? `password ${password}` : 'key in the files below',
    `${roles.join(', ')} of ${tenant}`,
    rights[subject] ?? '',
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

function callLines({ file, shows, times }: DemoCall, folder: string): string {
  const call = `curl -K ${folder}/${file}`;
  const line = times === undefined ? call : `for i in $(seq ${times}); do ${call}; done`;
  return `  # ${shows}\n  ${line}`;
}

/** `( … )`: the credential does not stay in the shell. */
function approvalLines({ adminUrl, callsFolder, command, signIn }: BannerContent): string[] {
  const as = (subject: string, action: string): string =>
    `  (. ${callsFolder}/as-${subject}; ${command} approvals ${action})`;
  return [
    callLines(ASKING_CALL, callsFolder),
    '  # carol sees what would be sent, with its id',
    as('carol', 'list'),
    '  # bob may look, and not say yes',
    as('bob', 'approve ID'),
    '  # carol may: the call of alice goes on',
    as('carol', 'approve ID'),
    ...(signIn
      ? [
          `  # or on the page, signed in as carol: ${adminUrl}/approvals`,
          '  # or with a sign-in in place of a key: then the commands above need no file',
          `  ${command} login --admin-url ${adminUrl}`,
        ]
      : []),
  ];
}

/** The page is for people who sign in: a key of the demo is not bound to every tenant. */
const definitionLines = ({ adminUrl, callsFolder }: BannerContent): string[] => [
  callLines(CHANGING_CALL, callsFolder),
  callLines(WITHHELD_CALL, callsFolder),
  '  # alice reads what changed, and approves or rejects it; carol and bob may only look',
  `  ${adminUrl}/servers/notes?state=changed`,
];

function wrapped(text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > WIDTH && line.trim() !== '-') {
      lines.push(line.trimEnd());
      line = rest;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
