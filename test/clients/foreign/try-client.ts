/** One foreign client with a gateway: does it initialize, list, call and read? */
import { CLIENTS, type ForeignClient } from './clients.ts';
import { startGateway } from './gateway.ts';
import { install, runProgram } from './install.ts';
import { fillScratch, launchOf } from './scratch.ts';
import type { ForeignServer } from './server.ts';

export interface TriedClient {
  readonly name: string;
  readonly language: string;
  readonly library: string;
  readonly version: string;
  readonly skipped?: string;
  /** Revision of MCP that was agreed on, where the library says so. */
  readonly protocol?: string;
  readonly faults: readonly string[];
}

interface Seen {
  readonly protocol?: string;
  readonly tools: number;
  readonly answer: string;
  readonly read: string;
}

/** @param behind the server behind the gateway, which has a tool `echo` and resources. */
export async function tryClients(
  wanted: (client: ForeignClient) => boolean,
  behind: ForeignServer,
  folder: string,
): Promise<TriedClient[]> {
  const clients = CLIENTS.filter(wanted);
  if (clients.length === 0) return [];
  const launch = launchOf(behind, await install(behind), `${folder}/scratch`);
  await fillScratch(launch.cwd, behind);
  const gateway = await startGateway(`${folder}/gateway`, { [behind.name]: launch });
  const env = { SALLYPORT_URL: `${gateway.url}/mcp/${behind.name}`, SALLYPORT_TOKEN: gateway.token };
  try {
    const tried: TriedClient[] = [];
    for (const client of clients) tried.push(await tryClient(client, { cwd: launch.cwd, env }));
    return tried;
  } finally {
    await gateway.close();
  }
}

async function tryClient(
  { build, ...described }: ForeignClient,
  where: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<TriedClient> {
  let command: readonly string[];
  try {
    command = await build();
  } catch (error) {
    return { ...described, skipped: `cannot be built: ${sentenceOf(error)}`, faults: [] };
  }
  try {
    const seen = JSON.parse(await runProgram(command, where)) as Seen;
    const protocol = seen.protocol === undefined ? {} : { protocol: seen.protocol };
    return { ...described, ...protocol, faults: faultsOf(seen) };
  } catch (error) {
    return { ...described, faults: [sentenceOf(error)] };
  }
}

function faultsOf({ tools, answer, read }: Seen): string[] {
  return [
    ...(tools > 0 ? [] : ['no tools are listed']),
    ...(answer === 'Echo: hi' ? [] : [`echo answered ${answer}`]),
    ...(/^[a-z]+:\/\//.test(read) ? [] : [`the resource that was read is ${read}`]),
  ];
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
