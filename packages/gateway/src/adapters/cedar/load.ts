/**
 * Cedar policy files → a policy engine. The reference implementation (cedar-wasm) parses the text when it is loaded. A
 * call is decided by the guard's own compiled form.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { policySetTextToParts, policyToJson, type DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { demandOfAnnotations, type Clock, type PolicyApproval, type PolicyEngine } from '@sallyport/guard';
import { compileCedar, type PolicyJson, type SourcePolicy } from '@sallyport/guard/policy';

/** A fault of a policy, with its position in the file. */
export interface Finding {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** A policy with its text and where it stands. */
export interface LoadedPolicy extends SourcePolicy {
  readonly file: string;
  readonly text: string;
  /** Offset of the policy in its file, in UTF-16 code units. */
  readonly offset: number;
  readonly fileText: string;
}

/** The policies of a folder, and the engine that decides by them. */
export interface LoadedPolicies {
  readonly policies: readonly LoadedPolicy[];
  /** SHA-256 over names and texts of the files. */
  readonly revision: string;
  readonly engine: PolicyEngine;
}

/** Policies that cannot be used, with every fault that was found. */
export class PolicyLoadError extends Error {
  readonly findings: readonly Finding[];
  constructor(findings: readonly Finding[]) {
    super(findings.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n'));
    this.name = 'PolicyLoadError';
    this.findings = findings;
  }
}

/**
 * @param folder its `*.cedar` files are read in the order of their names. `undefined` = no policy: everything is
 * denied.
 * @throws PolicyLoadError with file, line and column of every fault.
 */
export function loadPolicies(folder: string | undefined, clock: Clock): LoadedPolicies {
  const findings: Finding[] = [];
  const policies: LoadedPolicy[] = [];
  const files = readFiles(folder);
  for (const [file, text] of files) policies.push(...parseFile(file, text, findings));
  const duplicate = policies.find(({ id }, index) => policies.findIndex((policy) => policy.id === id) !== index);
  if (duplicate !== undefined) {
    const { file, fileText, offset, id } = duplicate;
    findings.push(findingAt(file, fileText, offset, `the policy id "${id}" is used twice`));
  }
  if (findings.length > 0) throw new PolicyLoadError(findings);
  const revision = revisionOf(files);
  return { policies, revision, engine: compileCedar(policies, revision, clock) };
}

/** The revision of the files in the folder now, valid or not; `undefined` when they cannot be read. */
export function policyRevision(folder: string | undefined): string | undefined {
  try {
    return revisionOf(readFiles(folder));
  } catch {
    return undefined;
  }
}

type Texts = readonly (readonly [file: string, text: string])[];

const readFiles = (folder: string | undefined): Texts => filesOf(folder).map((file) => [file, textOf(file)]);

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new PolicyLoadError([
      {
        file,
        line: 1,
        column: 1,
        severity: 'error',
        message: `the file cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'error'})`,
      },
    ]);
  }
}

function revisionOf(files: Texts): string {
  const digest = createHash('sha256');
  for (const [file, text] of files) digest.update(JSON.stringify([basename(file), text]));
  return digest.digest('hex').slice(0, 16);
}

function filesOf(folder: string | undefined): string[] {
  if (folder === undefined) return [];
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.cedar'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    throw new PolicyLoadError([
      { file: folder, line: 1, column: 1, severity: 'error', message: 'the folder of policies cannot be read' },
    ]);
  }
}

function parseFile(file: string, text: string, findings: Finding[]): LoadedPolicy[] {
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') {
    findings.push(...parts.errors.map((error) => fromCedar(file, text, error, 0)));
    return [];
  }
  if (parts.policy_templates.length > 0) findings.push(findingAt(file, text, 0, 'policy templates are not supported'));
  let searchFrom = 0;
  return parts.policies.flatMap((source, index): LoadedPolicy[] => {
    const offset = Math.max(searchFrom, text.indexOf(source, searchFrom));
    searchFrom = offset + source.length;
    const parsed = policyToJson(source);
    if (parsed.type === 'failure') {
      findings.push(...parsed.errors.map((error) => fromCedar(file, text, error, offset)));
      return [];
    }
    const json = parsed.json as unknown as AnnotatedJson;
    const rounded = roundedNumber(source);
    if (rounded !== undefined)
      findings.push(
        findingAt(
          file,
          text,
          offset + rounded,
          'whole numbers beyond 9007199254740991 (2^53 - 1) are not supported: they would be rounded',
        ),
      );
    const id = json.annotations?.['id'] ?? `${basename(file, '.cedar')}#${index}`;
    try {
      const approval = approvalOf(json, id);
      return [{ id, json, file, text: source, offset, fileText: text, ...(approval !== undefined && { approval }) }];
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : 'an annotation cannot be read';
      findings.push(findingAt(file, text, offset + annotationOffset(source), message));
      return [];
    }
  });
}

type AnnotatedJson = PolicyJson & { readonly annotations?: Readonly<Record<string, string | null>> };

function approvalOf({ effect, annotations = {} }: AnnotatedJson, id: string): PolicyApproval | undefined {
  const written = demandOfAnnotations(annotations);
  if (written === undefined) return undefined;
  // Who is forbidden something is not asked to wait for it.
  if (effect === 'forbid') throw new Error('@require_approval stands at a forbid; it is for a permit only');
  return { demand: { ...written.demand, source: `policy ${id}` }, ttlMs: written.ttlMs };
}

const annotationOffset = (source: string): number =>
  Math.max(0, source.search(/@\w*approval/i), source.search(/@req/i));

/** The offset of a whole number that the JSON form of a policy cannot hold. Strings and comments are skipped. */
function roundedNumber(source: string): number | undefined {
  for (const token of source.matchAll(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\d+/g))
    if (!Number.isSafeInteger(Number(token[0])) && /^\d/.test(token[0])) return token.index;
  return undefined;
}

/**
 * A fault that Cedar reports. @param offset where the text that Cedar read begins in the file. Cedar counts UTF-8
 * bytes.
 */
export function fromCedar(file: string, text: string, error: DetailedError, offset: number): Finding {
  const bytes = Buffer.from(text.slice(offset)).subarray(0, error.sourceLocations?.[0]?.start ?? 0);
  const start = bytes.toString('utf8').length;
  const help = error.help == null ? '' : ` (${error.help})`;
  return findingAt(file, text, offset + start, `${error.message}${help}`);
}

/** A fault at an offset of a file, in UTF-16 code units. */
export function findingAt(file: string, text: string, offset: number, message: string): Finding {
  const before = text.slice(0, offset).split('\n');
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, severity: 'error', message };
}
