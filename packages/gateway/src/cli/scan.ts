/** `sallyport scan`: what is wrong with the definitions of a server, a command or a file. */
import { LINT_RULES, lintDefinitions, type LintFinding } from '@sallyport/server/lint';
import type { CommandContext, CommandDefinition } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { printableLine } from './printable.ts';
import { definitionsInFile, definitionsOfServer, isFile, type ScannedTarget } from './scan-target.ts';

interface ScanOptions {
  readonly own?: boolean;
  readonly env: readonly string[];
  readonly header: readonly string[];
  readonly json?: boolean;
  readonly sarif?: boolean;
}

/** `sallyport scan`. */
export const scanCommand: CommandDefinition<readonly [readonly string[]], ScanOptions> = {
  name: 'scan',
  summary: 'judge the definitions of a server or a file by the rules of docs/rules',
  arguments: [{ name: 'target', variadic: true, summary: 'a URL, a file of definitions, or -- and a command' }],
  options: [
    { flags: '--own', summary: 'every rule, also those that only the author of a definition can follow' },
    { flags: '--env <name=value>', summary: 'a variable, as TOKEN=env:TOKEN', repeatable: true, default: [] },
    {
      flags: '--header <name:value>',
      summary: 'a header, as "Authorization: Bearer env:TOKEN"',
      repeatable: true,
      default: [],
    },
    { flags: '--json', summary: 'print JSON' },
    { flags: '--sarif', summary: 'print SARIF 2.1.0, for code scanning' },
  ],
  example:
    'sallyport scan https://search.example.com/mcp\n' +
    'sallyport scan tools.json --own\n' +
    'sallyport scan --sarif -- node server.js > findings.sarif',
  exitCodes: 'Exit code 1 when a rule finds an error, or a gateway would not serve a definition.',
  run: ([target], options, context) => scan(target, options, context),
};

async function scan(
  target: readonly string[],
  options: ScanOptions,
  { io, environment, ports }: CommandContext,
): Promise<void> {
  const scanned: ScannedTarget = isFile(target)
    ? { definitions: definitionsInFile(target[0] ?? ''), withheld: [] }
    : await definitionsOfServer(target, options, environment, ports.probeServer);
  const findings = lintDefinitions(scanned.definitions, options.own === true ? 'own' : 'foreign');
  if (scanned.withheld.length > 0 || findings.some(({ severity }) => severity === 'error')) io.exit(1);
  const name = target.join(' ');
  if (options.sarif === true) return printJson(io, sarifOf(name, findings), 'indented');
  if (options.json === true)
    return printJson(
      io,
      { target: name, definitions: scanned.definitions.length, findings, withheld: scanned.withheld },
      'indented',
    );
  printFindings(io, scanned, findings);
}

const TEXT_WIDTH = 200;

const shown = (text: string): string => printableLine(text, TEXT_WIDTH);

function printFindings(io: CliIo, { definitions, withheld }: ScannedTarget, findings: readonly LintFinding[]): void {
  for (const { severity, definition, at, rule, message } of findings)
    io.stdout(`${severity} ${shown(`${definition}${at}`)}  ${shown(message)} [${rule}]\n`);
  for (const { kind, name, reason } of withheld)
    io.stdout(
      `error ${kind} ${printableLine(name, TEXT_WIDTH)}  is not served: ${printableLine(reason, TEXT_WIDTH)}\n`,
    );
  const faulty = new Set(findings.map(({ kind, definition }) => `${kind} ${definition}`)).size;
  io.stdout(`${definitions.length} definitions, ${definitions.length - faulty} without findings\n`);
}

/** SARIF 2.1.0: a definition has no file, so its place is a logical location. */
function sarifOf(target: string, findings: readonly LintFinding[]): object {
  const rules = LINT_RULES.map(({ id, severity }) => ({ id, defaultConfiguration: { level: severity } }));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'sallyport scan', rules } },
        results: findings.map(({ rule, severity, kind, definition, at, message }) => ({
          ruleId: rule,
          level: severity,
          message: { text: message },
          locations: [
            {
              physicalLocation: { artifactLocation: { uri: encodeURI(target) } },
              logicalLocations: [{ name: definition, fullyQualifiedName: `${kind}/${definition}${at}` }],
            },
          ],
        })),
      },
    ],
  };
}
