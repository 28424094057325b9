/** A JSON tree as lines to show, each with the JSON pointer of what stands on it. */
import type { JsonTree } from './json-tree.ts';

export interface JsonLine {
  readonly depth: number;
  readonly pointer: string;
  readonly key?: string;
  /** A bracket, a number or a word, with a comma where one follows. */
  readonly plain?: string;
  /** The value of a string; shown between quotes. */
  readonly text?: string;
  readonly comma?: boolean;
}

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

export function jsonLines(tree: JsonTree): JsonLine[] {
  const lines: JsonLine[] = [];
  append(lines, tree, { depth: 0, pointer: '' });
  return lines;
}

function append(lines: JsonLine[], tree: JsonTree, line: JsonLine): void {
  if (tree.kind === 'string') lines.push({ ...line, text: tree.value });
  else if (tree.kind === 'object') appendMembers(lines, line, '{}', tree.entries);
  else if (tree.kind === 'array')
    appendMembers(
      lines,
      line,
      '[]',
      tree.items.map((item, index) => [String(index), item]),
    );
  else lines.push({ ...line, plain: tree.source });
}

function appendMembers(
  lines: JsonLine[],
  line: JsonLine,
  brackets: '{}' | '[]',
  members: readonly (readonly [string, JsonTree])[],
): void {
  if (members.length === 0) {
    lines.push({ ...line, plain: brackets });
    return;
  }
  const [open = '', close = ''] = brackets;
  const { comma, ...opening } = line;
  lines.push({ ...opening, plain: open });
  for (const [index, [name, member]] of members.entries()) {
    append(lines, member, {
      depth: line.depth + 1,
      pointer: `${line.pointer}/${escapePointer(name)}`,
      ...(brackets === '{}' && { key: name }),
      comma: index < members.length - 1,
    });
  }
  lines.push({ depth: line.depth, pointer: line.pointer, plain: close, ...(comma !== undefined && { comma }) });
}
