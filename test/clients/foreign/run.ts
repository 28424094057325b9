/** Tries servers and clients that others wrote with the gateway: `--help` says how. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { foreignPage } from '../../../tools/foreign-page.ts';
import { CLIENTS, type ForeignClient } from './clients.ts';
import { CACHE } from './install.ts';
import { SERVERS } from './servers.ts';
import { tryClients, type TriedClient } from './try-client.ts';
import { tryServer, type Tried } from './try-server.ts';

const HELP = `npm run foreign                     every foreign server and every foreign client
npm run foreign -- --only NAME      only those whose name, package or language contains NAME; repeat for more
npm run foreign -- --save           also put each row, as soon as it is found, into results.json and
                                    docs/reference/foreign.md

Needs npm, python3 (3.11 or newer, with venv and pip), Go, Rust (cargo), Java 17 with Maven, git, and the network to
the registries of each. What cannot be installed or does not run here is skipped, with the reason. The first run takes
an hour and 4 GB, because packages go to ${CACHE}
(SALLYPORT_FOREIGN_CACHE names another folder); later runs take a few seconds for each server.

Exit code 1 when something works directly and not through the gateway.
`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const isWanted = (...names: readonly string[]): boolean =>
  options.only?.some((text) => names.some((name) => name.includes(text))) ?? true;

/** Runs what is given with a folder that is removed afterwards. */
async function inFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-foreign-run-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await run(folder);
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
}

async function tryServers(): Promise<Tried[]> {
  const tried: Tried[] = [];
  for (const server of SERVERS.filter((one) => isWanted(one.name, one.package, one.ecosystem))) {
    const result = await inFolder((folder) => tryServer(server, folder));
    tried.push(result);
    process.stdout.write(`${lineOf(result)}\n`);
    if (options.save) save({ servers: [result], clients: [] });
  }
  return tried;
}

async function tryAllClients(): Promise<TriedClient[]> {
  const [behind] = SERVERS;
  if (behind === undefined) return [];
  const tried: TriedClient[] = [];
  const found = (client: TriedClient): void => {
    tried.push(client);
    process.stdout.write(`${clientLineOf(client)}\n`);
    if (options.save) save({ servers: [], clients: [client] });
  };
  const wanted = ({ name, library, language }: TriedClient | ForeignClient): boolean =>
    isWanted(name, library, language);
  await inFolder((folder) => tryClients(wanted, behind, { folder, found }));
  return tried;
}

function clientLineOf({ name, language, library, version, http, stdio, skipped, faults }: TriedClient): string {
  const verdict = skipped === undefined ? [] : [`skipped: ${skipped}`];
  const seen = Object.entries({ http, stdio }).flatMap(([how, one]) =>
    one === undefined ? [] : [`${how} ${JSON.stringify(one)}`],
  );
  const works = skipped === undefined && faults.length === 0 ? ['works'] : [];
  const head = `${name.padEnd(20)} ${language.padEnd(6)} ${library}@${version}`;
  return [head, ...works, ...verdict, ...seen, ...faults].join('\n    ');
}

function lineOf(result: Tried): string {
  const source = `${result.package}@${result.version}`;
  const name = `${result.name.padEnd(20)} ${result.ecosystem.padEnd(5)} ${source.padEnd(56)}`;
  if (result.skipped !== undefined) return `${name} skipped: ${result.skipped}`;
  const call = result.called === undefined ? `no call: ${result.listOnly ?? ''}` : `called ${result.called}`;
  const verdict = result.faults.length === 0 ? 'same' : 'DIFFERS';
  const head = `${name} ${result.toolsDirect} tools, ${result.toolsThrough} through; ${call}; ${verdict}`;
  const withheld = (result.withheld ?? []).map((sentence) => `    withheld: ${sentence}`);
  const schemas = result.uncompiled.map((sentence) => `    does not compile: ${sentence}`);
  return [head, ...withheld, ...schemas, ...result.faults.map((fault) => `    ${fault}`)].join('\n');
}

interface Results {
  readonly clients: readonly TriedClient[];
  readonly servers: readonly Tried[];
}

/** Replaces the rows of what was tried, in the order of the tables. */
function save(tried: Results): void {
  const file = new URL('./results.json', import.meta.url);
  const saved = JSON.parse(readFileSync(file, 'utf8')) as Results;
  const clients = inOrder(CLIENTS, [...saved.clients, ...tried.clients]);
  const servers = inOrder(SERVERS, [...saved.servers, ...tried.servers]);
  writeFileSync(file, `${JSON.stringify({ clients, servers }, null, 1)}\n`);
  writeFileSync(new URL('../../../docs/reference/foreign.md', import.meta.url), foreignPage());
}

function inOrder<Row extends { readonly name: string }>(
  order: readonly { readonly name: string }[],
  rows: readonly Row[],
): Row[] {
  const newest = new Map(rows.map((row) => [row.name, row]));
  return order.flatMap(({ name }) => newest.get(name) ?? []);
}

/** @returns whether everything that runs here works through the gateway. */
async function run(): Promise<boolean> {
  try {
    const tried = [...(await tryServers()), ...(await tryAllClients())];
    process.stdout.write(`${tried.filter(({ skipped }) => skipped === undefined).length} of ${tried.length} tried\n`);
    return tried.every(({ faults }) => faults.length === 0);
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return false;
  }
}

if (options.help) process.stdout.write(HELP);
else {
  // Whoever stops it also ends what it has started: programs in groups of their own do not see the signal.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  // A library of others that throws where nobody waits spoils its own row, and not the run.
  process.on('uncaughtException', (error) => process.stdout.write(`    ${String(error)}\n`));
  process.exit((await run()) ? 0 : 1);
}
