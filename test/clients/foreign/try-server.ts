/** One foreign server, directly and through the gateway: what is the same, and what is not. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from '@sallyport/guard';
import { compileSchema } from '../../../packages/guard/src/stages/validate/compile.ts';
import { startGateway, type WithheldTool } from './gateway.ts';
import { install } from './install.ts';
import { observeDirectly, observeLegacy, observeModern, type Observed } from './observe.ts';
import { fillScratch, launchOf, withFolder } from './scratch.ts';
import type { ForeignCall, ForeignServer } from './server.ts';

export interface Tried {
  readonly name: string;
  readonly ecosystem: string;
  readonly package: string;
  readonly version: string;
  /** Why the server was not tried. */
  readonly skipped?: string;
  readonly toolsDirect: number;
  readonly toolsThrough: number;
  /** Whether both lists are equal, each definition with all of its members. */
  readonly sameDefinitions: boolean;
  /** The tools with a schema that the guard cannot compile, each with the reason. */
  readonly uncompiled: readonly string[];
  /** The tools that the gateway withholds, each with the reason that `sallyport check` gives. */
  readonly withheld?: readonly string[];
  /** The tool that was called; absent when none was. */
  readonly called?: string;
  readonly listOnly?: string;
  /** What differed or failed, in sentences; empty when everything is the same. */
  readonly faults: readonly string[];
}

/** @param folder an empty folder for the gateway's files and for the server's. */
export async function tryServer(server: ForeignServer, folder: string): Promise<Tried> {
  let programs: string;
  try {
    programs = await install(server);
  } catch (error) {
    return { ...describe(server), skipped: `cannot be installed: ${firstLine(error)}` };
  }
  try {
    return await tryInstalled(server, programs, folder);
  } catch (error) {
    return { ...describe(server), skipped: `does not run here: ${firstLine(error)}` };
  }
}

/** @param programs the folder with the server's program. */
export async function tryInstalled(server: ForeignServer, programs: string, folder: string): Promise<Tried> {
  const scratch = join(folder, 'scratch');
  const launch = launchOf(server, programs, scratch);
  const call = server.call === undefined ? undefined : withCall(server.call, scratch);
  await fillScratch(scratch, server);
  const direct = await observeDirectly(launch, call);
  if (direct.failed !== undefined) return { ...describe(server), skipped: `does not run here: ${direct.failed}` };
  const tried = { ...describe(server), ...(call && { called: call.tool }) };
  try {
    const through = await observeThrough(folder, server, { launch, call });
    return { ...tried, ...compared(direct, through, call) };
  } catch (error) {
    return { ...tried, toolsDirect: direct.tools.length, faults: [`through the gateway: ${sentenceOf(error)}`] };
  }
}

const NOTHING = { toolsDirect: 0, toolsThrough: 0, sameDefinitions: false, uncompiled: [], faults: [] };

const describe = ({ name, ecosystem, version, listOnly, ...server }: ForeignServer): Tried => ({
  ...NOTHING,
  name,
  ecosystem,
  package: server.package,
  version,
  ...(listOnly !== undefined && { listOnly }),
});

const withCall = (call: ForeignCall, scratch: string): ForeignCall => ({
  ...call,
  arguments: withFolder(call.arguments, scratch),
});

interface Through {
  readonly legacy: Observed;
  readonly modern: Observed;
  readonly log: string;
  readonly withheld: readonly WithheldTool[];
}

async function observeThrough(
  folder: string,
  server: ForeignServer,
  { launch, call }: { launch: ReturnType<typeof launchOf>; call: ForeignCall | undefined },
): Promise<Through> {
  await fillScratch(launch.cwd, server);
  const gateway = await startGateway(join(folder, 'gateway'), { [server.name]: launch });
  try {
    const url = new URL(`${gateway.url}/mcp/${server.name}`);
    const legacy = await observeLegacy(url, gateway.token, call);
    await fillScratch(launch.cwd, server);
    const modern = await observeModern(url, gateway.token, call);
    return { legacy, modern, log: gateway.log(), withheld: await gateway.withheld() };
  } finally {
    await gateway.close();
  }
}

type Compared = Pick<Tried, 'toolsDirect' | 'toolsThrough' | 'sameDefinitions' | 'uncompiled' | 'withheld' | 'faults'>;

function compared(all: Observed, { legacy, modern, log, withheld }: Through, call: ForeignCall | undefined): Compared {
  const reasons = new Map(
    withheld.flatMap(({ kind, name, reason }) => (kind === 'tool' ? [[name, reason] as const] : [])),
  );
  // What is missing with a reason that operators are told is no fault.
  const direct = { ...all, tools: all.tools.filter(({ name }) => !reasons.has(String(name))) };
  const sameDefinitions = isDeepStrictEqual(byName(direct.tools), byName(legacy.tools));
  const faults = [
    ...(call === undefined ? [] : wrongAnswer('directly', direct, { call, expected: direct })),
    ...faultsOf('through the gateway (legacy client)', legacy, { direct, call }),
    ...faultsOf('through the gateway (modern client)', modern, { direct, call }),
    ...(sameDefinitions || legacy.failed !== undefined ? [] : differingMembers(direct.tools, legacy.tools)),
  ];
  return {
    toolsDirect: all.tools.length,
    toolsThrough: legacy.tools.length,
    sameDefinitions,
    uncompiled: direct.tools.flatMap(uncompiledOf),
    ...(reasons.size > 0 && { withheld: [...reasons].map(([name, reason]) => `${name} (${reason})`) }),
    faults: [...faults, ...(faults.length === 0 ? [] : reasonsIn(log))],
  };
}

/** What the gateway logged as the reason, each once. */
function reasonsIn(log: string): string[] {
  const reasons = log.matchAll(/"why":"([^"]*)"/g);
  return [...new Set([...reasons].map(([, reason]) => `log: ${reason}`))];
}

function faultsOf(
  how: string,
  seen: Observed,
  { direct, call }: { direct: Observed; call: ForeignCall | undefined },
): string[] {
  if (seen.failed !== undefined) return [`${how}: ${seen.failed}`];
  const names = new Set(seen.tools.map((tool) => tool['name']));
  const missing = direct.tools.map((tool) => String(tool['name'])).filter((name) => !names.has(name));
  const lost = missing.length === 0 ? [] : [`${how}: not listed: ${missing.join(', ')}`];
  return call === undefined ? lost : [...lost, ...wrongAnswer(how, seen, { call, expected: direct })];
}

function wrongAnswer(
  how: string,
  { answer }: Observed,
  { call, expected }: { call: ForeignCall; expected: Observed },
): string[] {
  const text = JSON.stringify(answer);
  if (!call.answer.test(text)) return [`${how}: ${call.tool} answered ${text.slice(0, 500)}`];
  if (call.varies === true || isDeepStrictEqual(answer, expected.answer)) return [];
  if (isErrorAsResult(answer, expected.answer)) return [];
  const wanted = JSON.stringify(expected.answer).slice(0, 300);
  return [`${how}: ${call.tool} answered ${text.slice(0, 300)} instead of ${wanted}`];
}

/** The gateway answers a server's error with a result that holds its words, so that the model reads them. */
function isErrorAsResult(answer: Json | undefined, expected: Json | undefined): boolean {
  const [through, direct] = [answer as JsonObject | undefined, expected as JsonObject | undefined];
  const error = direct?.['error'];
  if (typeof error !== 'string' || through?.['isError'] !== true) return false;
  const words = error.replace(/^MCP error -?\d+: /, '');
  return JSON.stringify(through['content']).includes(JSON.stringify(words).slice(1, -1));
}

function differingMembers(direct: readonly JsonObject[], through: readonly JsonObject[]): string[] {
  const others = byName(through);
  const members = direct.flatMap((tool) => {
    const other = others.get(String(tool['name']));
    if (other === undefined) return [];
    const keys = [...new Set([...Object.keys(tool), ...Object.keys(other)])];
    return keys.filter((key) => !isDeepStrictEqual(tool[key], other[key]));
  });
  return members.length === 0 ? [] : [`definitions differ in ${[...new Set(members)].join(', ')}`];
}

const byName = (tools: readonly JsonObject[]): Map<string, JsonObject> =>
  new Map(tools.map((tool) => [String(tool['name']), tool] as const).sort(([a], [b]) => (a < b ? -1 : 1)));

function uncompiledOf(tool: JsonObject): string[] {
  return ['inputSchema', 'outputSchema'].flatMap((member) => {
    const schema: Json | undefined = tool[member];
    if (schema === undefined) return [];
    try {
      compileSchema(schema);
      return [];
    } catch (error) {
      return [`${String(tool['name'])}.${member}: ${firstLine(error)}`];
    }
  });
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const firstLine = (error: unknown): string => sentenceOf(error).split('\n')[0] ?? '';
