/** `docs/reference/foreign.md`: what `npm run foreign -- --save` found with the servers and clients of others. */
import { readFileSync } from 'node:fs';
import type { ClientSeen, TriedClient } from '../test/clients/foreign/try-client.ts';
import type { Tried } from '../test/clients/foreign/try-server.ts';
import { page, table } from './markdown.ts';

interface Results {
  readonly clients: readonly TriedClient[];
  readonly servers: readonly Tried[];
}

export function foreignPage(): string {
  const file = new URL('../test/clients/foreign/results.json', import.meta.url);
  const { clients, servers } = JSON.parse(readFileSync(file, 'utf8')) as Results;
  const tried = servers.filter(({ skipped }) => skipped === undefined);
  const same = tried.filter(({ faults }) => faults.length === 0);
  return page(
    'Servers and clients of others',
    'What `npm run foreign -- --save` found. Each server is started over stdio, by a client and by a gateway with ' +
      'its default settings (but that destructive tools need no approval); the lists of tools, their schemas and ' +
      'the answer to one call are compared. Through the gateway both eras are tried, each with the SDK of that era.',
    `${tried.length} servers were tried, ${same.length} of them are the same through the gateway as directly, but ` +
      'for the tools that the gateway withholds and `sallyport check` names with the reason. An error that a server ' +
      'answers with comes through the gateway as a result with `isError` and the same words.',
    '## Servers',
    table(['server', 'version', 'tools directly', 'through the gateway', 'call', 'result'], servers.map(serverRow)),
    '## Clients',
    'Each initializes, lists, calls a tool, reads a resource, sees the progress of a call, cancels another at its ' +
      'first progress and calls again: at `/mcp/{server}` with an API key, and through `sallyport stdio`, which it ' +
      'starts. Some libraries agree on an older revision over stdio where the gateway starts slowly.',
    table(['client', 'language', 'version', 'Streamable HTTP', '`sallyport stdio`', 'result'], clients.map(clientRow)),
  );
}

function serverRow(server: Tried): string[] {
  const { ecosystem, version, skipped } = server;
  const name = `\`${server.package}\` (${ecosystem})`;
  if (skipped !== undefined) return [name, version, '–', '–', '–', `not tried: ${oneLine(skipped)}`];
  const schemas = server.uncompiled.map((sentence) => `does not compile: ${sentence}`);
  const faults = [...schemas, ...server.faults].map(oneLine).join('; ');
  const call = server.called === undefined ? `none: ${server.listOnly ?? ''}` : `\`${server.called}\``;
  const withheld = (server.withheld ?? []).map(oneLine).join('; ');
  const same = withheld === '' ? 'the same' : `the same, without ${withheld}`;
  const result = faults === '' ? same : faults;
  return [name, version, String(server.toolsDirect), String(server.toolsThrough), call, result];
}

function clientRow({ library, language, version, http, stdio, skipped, faults }: TriedClient): string[] {
  const found = faults.length === 0 ? 'works' : oneLine(faults.join('; '));
  const result = skipped === undefined ? found : `not tried: ${oneLine(skipped)}`;
  return [`\`${library}\``, language, version, seenOf(http), seenOf(stdio), result];
}

function seenOf(seen: ClientSeen | undefined): string {
  if (seen === undefined) return '–';
  const cancelled = seen.cancelled === undefined ? 'the library cannot cancel' : 'cancelled';
  return [seen.protocol ?? 'works', `${seen.tools} tools`, `${seen.progress} of progress`, cancelled].join(', ');
}

const TEXT_MAX = 300;

/** Angle brackets would be HTML in Markdown. */
const oneLine = (text: string): string =>
  text.replace(/\s+/g, ' ').replaceAll('<', '‹').replaceAll('>', '›').slice(0, TEXT_MAX);
