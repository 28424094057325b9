/** JSON, whole and formatted, as text: nothing is rounded, reordered, cut or hidden. */
import type { ReactNode } from 'react';
import { jsonLines, type JsonLine } from '../text/json-lines.ts';
import { treeOf, type JsonTree } from '../text/json-tree.ts';
import { VisibleText } from './visible-text.tsx';
import styles from './json.module.css';

export interface LineNote {
  readonly tone: 'warn' | 'changed';
  readonly text: string;
}

export interface JsonProps {
  readonly tree: JsonTree;
  readonly label: string;
  /** Notes by JSON pointer. */
  readonly notes?: ReadonlyMap<string, LineNote>;
}

export function Json({ tree, label, notes }: JsonProps): ReactNode {
  const lines = jsonLines(tree);
  return (
    <div className={styles['json']} role="group" aria-label={label}>
      {lines.map((line, index) => {
        const closing = line.plain === '}' || line.plain === ']';
        return (
          <Line key={index} line={line} number={index + 1} note={closing ? undefined : notes?.get(line.pointer)} />
        );
      })}
    </div>
  );
}

/** Of a value that has been parsed already. */
export function JsonValue({ value, label }: { readonly value: unknown; readonly label: string }): ReactNode {
  return <Json tree={treeOf(value)} label={label} />;
}

interface LineProps {
  readonly line: JsonLine;
  readonly number: number;
  readonly note: LineNote | undefined;
}

function Line({ line, number, note }: LineProps): ReactNode {
  return (
    <div className={styles['line']} data-note={note?.tone}>
      <span aria-hidden className={styles['number']} data-number={number} />
      <div
        className={styles['content']}
        style={{ paddingInlineStart: `${String(Math.min(line.depth, 24) * 1.15)}rem` }}
      >
        {line.key !== undefined && (
          <>
            <span className={styles['key']}>
              <VisibleText text={line.key} />
            </span>
            {': '}
          </>
        )}
        {line.text === undefined ? (
          <span className={/^[\d-]/.test(line.plain ?? '') ? styles['digits'] : styles['plain']}>{line.plain}</span>
        ) : (
          <StringValue text={line.text} />
        )}
        {line.comma === true && <span className={styles['plain']}>,</span>}
        {note !== undefined && <span className={styles['note']}>{note.text}</span>}
      </div>
    </div>
  );
}

function StringValue({ text }: { readonly text: string }): ReactNode {
  const long = text.includes('\n');
  return (
    <span className={long ? styles['longString'] : styles['string']}>
      {long ? '' : '"'}
      <VisibleText text={text} block={long} />
      {long ? '' : '"'}
    </span>
  );
}
