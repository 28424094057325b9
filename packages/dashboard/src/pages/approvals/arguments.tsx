import { useEffect, useMemo, useRef, type ReactNode } from 'react';
import type { Approval, Difference } from '../../api/types.ts';
import { jsonLines } from '../../text/json-lines.ts';
import type { JsonTree } from '../../text/json-tree.ts';
import { hasMarks } from '../../text/visible.ts';
import { Json, type LineNote } from '../../ui/json.tsx';
import { Card } from '../../ui/page.tsx';
import styles from './approvals.module.css';

export interface ArgumentsProps {
  readonly approval: Approval;
  readonly tree: JsonTree;
  /** Called when the last line has been on the screen. */
  readonly onEndSeen: () => void;
}

export function Arguments({ approval, tree, onEndSeen }: ArgumentsProps): ReactNode {
  const end = useEndSeen(onEndSeen);
  const lines = useMemo(() => jsonLines(tree), [tree]);
  const characters = lines.reduce((sum, { text = '', key = '' }) => sum + text.length + key.length, 0);
  const marked = lines.some(({ text = '', key = '' }) => hasMarks(text) || hasMarks(key));
  return (
    <Card
      title="Arguments"
      flush
      aside={`whole: ${lines.length.toLocaleString('en')} lines, ${characters.toLocaleString('en')} characters of text`}
    >
      {marked && (
        <p className={styles['marked']}>
          Some characters would be invisible or misleading. They are shown as marks; the agent sent them as they are.
        </p>
      )}
      <Json tree={tree} label="Arguments" notes={notesOf(approval)} />
      <div ref={end} className={styles['end']}>
        End of the arguments
      </div>
    </Card>
  );
}

const NOTES: Readonly<Record<Difference['state'], string>> = {
  other_value: 'differs from earlier calls',
  new: 'not in earlier calls',
  left_out: '',
  cannot_be_compared: 'cannot be compared with earlier calls',
};

function notesOf({ uninspectable = [], differs_from_earlier: compared }: Approval): ReadonlyMap<string, LineNote> {
  const changed = (compared?.differences ?? []).map(({ path, state }): [string, LineNote] => [
    path,
    { tone: 'changed', text: NOTES[state] },
  ]);
  const opaque = uninspectable.map(({ path, why }): [string, LineNote] => [path, { tone: 'warn', text: why }]);
  return new Map([...changed, ...opaque]);
}

function useEndSeen(onSeen: () => void): React.RefObject<HTMLDivElement | null> {
  const end = useRef<HTMLDivElement>(null);
  const latest = useRef(onSeen);
  latest.current = onSeen;
  useEffect(() => {
    if (end.current === null) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) latest.current();
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, []);
  return end;
}
