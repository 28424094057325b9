/** One foreign client with a gateway: does it initialize, list, call, read, see progress and cancel? */
import { CLIENTS, type ForeignClient } from './clients.ts';
import { startGateway, type ForeignGateway } from './gateway.ts';
import { install } from './install.ts';
import { runProgram } from './programs.ts';
import { fillScratch, launchOf } from './scratch.ts';
import type { ForeignServer } from './server.ts';

export interface TriedClient {
  readonly name: string;
  readonly language: string;
  readonly library: string;
  readonly version: string;
  readonly skipped?: string;
  /** Over Streamable HTTP; absent when the client was not tried. */
  readonly http?: ClientSeen;
  /** Over standard input and output, with `sallyport stdio` as the server that the client starts. */
  readonly stdio?: ClientSeen;
  readonly faults: readonly string[];
}

/** What a client saw over one transport. */
export interface ClientSeen {
  /** Revision of MCP that was agreed on, where the library says so. */
  readonly protocol?: string;
  readonly tools: number;
  /** Notifications of progress that arrived for a call of {@link STEPS} steps. */
  readonly progress: number;
  /** Absent when the library has no way to cancel. */
  readonly cancelled?: boolean;
}

interface Answers extends ClientSeen {
  readonly answer: string;
  readonly read: string;
  /** The answer to the same call after one was cancelled. */
  readonly after: string;
}

const STEPS = 5;
const CLIENT_TIMEOUT_MS = 300_000;
/** Each is a command of its own, which takes most of a second. */
const LOOKS_AT_LOG = 10;

/** @param behind the server behind the gateway, which has the tools that the clients call, and resources. */
export async function tryClients(
  wanted: (client: ForeignClient) => boolean,
  behind: ForeignServer,
  { folder, found }: { readonly folder: string; readonly found: (tried: TriedClient) => void },
): Promise<void> {
  const clients = CLIENTS.filter(wanted);
  if (clients.length === 0) return;
  let programs: string;
  try {
    programs = await install(behind);
  } catch (error) {
    const skipped = `the server behind the gateway cannot be installed: ${sentenceOf(error)}`;
    for (const client of clients) found({ ...described(client), skipped, faults: [] });
    return;
  }
  const launch = launchOf(behind, programs, `${folder}/scratch`);
  await fillScratch(launch.cwd, behind);
  const gateway = await startGateway(`${folder}/gateway`, { [behind.name]: launch });
  try {
    for (const client of clients) found(await tryClient(client, { gateway, server: behind.name, cwd: launch.cwd }));
  } finally {
    await gateway.close();
  }
}

/** Where a client finds the gateway. */
interface Where {
  readonly gateway: ForeignGateway;
  readonly server: string;
  readonly cwd: string;
}

const described = ({ name, language, library, version }: ForeignClient): Omit<TriedClient, 'faults'> => ({
  name,
  language,
  library,
  version,
});

async function tryClient(client: ForeignClient, where: Where): Promise<TriedClient> {
  const { build, env = {} } = client;
  let command: readonly string[];
  try {
    command = await build();
  } catch (error) {
    return { ...described(client), skipped: `cannot be built: ${sentenceOf(error)}`, faults: [] };
  }
  const http = await tryTransport('Streamable HTTP', { command, env }, where);
  const started = [...command, ...where.gateway.stdio(where.server)];
  const stdio = await tryTransport('stdio', { command: started, env }, where);
  return {
    ...described(client),
    ...(http.seen && { http: http.seen }),
    ...(stdio.seen && { stdio: stdio.seen }),
    faults: [...http.faults, ...stdio.faults],
  };
}

interface TriedTransport {
  readonly seen?: ClientSeen;
  readonly faults: readonly string[];
}

interface Program {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function tryTransport(how: string, program: Program, { gateway, server, cwd }: Where): Promise<TriedTransport> {
  const env = { ...program.env, SALLYPORT_URL: `${gateway.url}/mcp/${server}`, SALLYPORT_TOKEN: gateway.token };
  try {
    const cancelledBefore = await gateway.cancelledCalls();
    const printed = await runProgram(program.command, { cwd, env, timeoutMs: CLIENT_TIMEOUT_MS });
    const answers = JSON.parse(printed) as Answers;
    const { protocol, tools, progress, cancelled } = answers;
    const seen = { ...(protocol !== undefined && { protocol }), tools, progress };
    const faults = [
      ...faultsOf(answers),
      ...(cancelled === true && !(await isRecorded(gateway, cancelledBefore))
        ? ['the audit log does not record the call as cancelled']
        : []),
    ];
    return {
      seen: { ...seen, ...(cancelled !== undefined && { cancelled }) },
      faults: faults.map((fault) => `${how}: ${fault}`),
    };
  } catch (error) {
    return { faults: [`${how}: ${sentenceOf(error)}`] };
  }
}

/** Whether one more call is recorded as cancelled; the client may have ended before the record was written. */
async function isRecorded(gateway: ForeignGateway, cancelledBefore: number): Promise<boolean> {
  for (let look = 0; look < LOOKS_AT_LOG; look += 1)
    if ((await gateway.cancelledCalls()) > cancelledBefore) return true;
  return false;
}

function faultsOf({ tools, answer, read, progress, cancelled, after }: Answers): string[] {
  return [
    ...(tools > 0 ? [] : ['no tools are listed']),
    ...(answer === 'Echo: hi' ? [] : [`echo answered ${answer}`]),
    ...(/^[a-z]+:\/\//.test(read) ? [] : [`the resource that was read is ${read}`]),
    ...(progress === STEPS ? [] : [`${progress} of ${STEPS} notifications of progress arrived`]),
    ...(cancelled === false ? ['the call that was cancelled did not end'] : []),
    ...(after === 'Echo: hi' ? [] : [`after a call was cancelled echo answered ${after}`]),
  ];
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
