/** What `sallyport add` prints: what a server offers, and what became of it. */
import { asObject, type PendingPin, type Pin } from '@sallyport/guard';
import type { ProbedServer } from '../probe-server.ts';
import type { Snapshot } from '../snapshot.ts';
import { clientSnippet, endpointOf } from './client-snippet.ts';
import { columns } from './columns.ts';
import { saysReadOnly, type WrittenPolicy } from './first-policy.ts';
import { printJson, type CliIo } from './io.ts';
import { printableLine } from './printable.ts';

const NAME_WIDTH = 40;
const TEXT_WIDTH = 64;
const REASON_WIDTH = 400;

/** A server that was added. */
export interface AddedServer {
  readonly name: string;
  readonly file: string;
  readonly snapshot: Snapshot;
  readonly probed: ProbedServer;
  readonly policy: WrittenPolicy;
  /** Those that the configuration did not have before. */
  readonly weakenings: readonly string[];
  /** Whether what waited was approved. */
  readonly approves: boolean;
}

type Offered = Pin | PendingPin;

const offeredBy = ({ approved, waiting }: ProbedServer): readonly Offered[] => {
  const changed = new Set(waiting.map(({ kind, name }) => `${kind} ${name}`));
  return [...approved.filter(({ kind, name }) => !changed.has(`${kind} ${name}`)), ...waiting];
};

/** What the server offers, before anything is asked. */
export function printOffered(io: CliIo, name: string, probed: ProbedServer): void {
  const offered = offeredBy(probed).filter(({ kind }) => kind !== 'server');
  io.stdout(`${name} offers ${offered.length === 0 ? 'nothing' : `${offered.length} definitions`}:\n`);
  const rows = offered.map((one) => [
    one.kind,
    printableLine(one.name, NAME_WIDTH),
    hintOf(one),
    printableLine(textOf(one), TEXT_WIDTH),
  ]);
  for (const line of columns(rows)) io.stdout(`  ${line}\n`);
  for (const { kind, name: withheld, reason } of probed.withheld)
    io.stderr(
      `warning: ${kind} ${printableLine(withheld, NAME_WIDTH)} is withheld: ${printableLine(reason, REASON_WIDTH)}\n`,
    );
}

function hintOf(one: Offered): string {
  if (one.kind !== 'tool') return '';
  if (saysReadOnly(one)) return 'only reads';
  return asObject(one.document['annotations'])['destructiveHint'] === true ? 'destroys' : '';
}

function textOf({ document }: Offered): string {
  const text = document['description'] ?? document['title'];
  return typeof text === 'string' ? text : '';
}

/** What was written, and what to do next. */
export function printAdded(io: CliIo, added: AddedServer, json: boolean): void {
  if (json) return printJson(io, jsonOf(added), 'indented');
  const { name, file, policy, probed, weakenings, approves, snapshot } = added;
  io.stdout(`\nconfigured  ${file}\n`);
  io.stdout(
    policy.isNew
      ? `policy      ${policy.file} (${permitsText(policy)})\n`
      : `policy      ${policy.file} was left as it is\n`,
  );
  if (approves) io.stdout(`approved    ${probed.waiting.length} definitions, as they are now\n`);
  else if (probed.waiting.length > 0)
    io.stdout(
      `waiting     ${probed.waiting.length} definitions; they are served after: sallyport pins approve ${name} --all\n`,
    );
  for (const weakening of weakenings) io.stdout(`weakened    ${weakening}\n`);
  io.stdout(`\n${clientSnippet(snapshot, name)}`);
}

const permitsText = ({ permits }: WrittenPolicy): string =>
  permits.length === 0
    ? 'permits no tool yet: edit it'
    : `permits ${permits.length === 1 ? 'one tool' : `${permits.length} tools`}`;

function jsonOf({ name, file, policy, probed, weakenings, approves, snapshot }: AddedServer) {
  return {
    server: name,
    file,
    policy: { file: policy.file, written: policy.isNew, permits: policy.permits },
    definitions: offeredBy(probed).map((one) => ({
      kind: one.kind,
      name: one.name,
      digest: one.digest,
      approved: approves || 'approvedAtMs' in one,
    })),
    withheld: probed.withheld,
    weakenings,
    url: endpointOf(snapshot, name),
  };
}
