import { useState, type ReactNode } from 'react';
import type { DefinitionDetail } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import styles from './diff.module.css';

type Line = DefinitionDetail['diff'][number] & { readonly number: number };

/** Lines around a change that stay in sight. */
const CONTEXT = 3;
/** Fewer lines than this are not folded: the button would take their place. */
const FOLDED_MIN = 4;
const SIGN = { same: ' ', add: '+', remove: '−' } as const;
const WORD = { same: '', add: 'added: ', remove: 'removed: ' } as const;

/** A diff as on a review page; long unchanged parts are folded, changes never. */
export function Diff({ lines }: { readonly lines: DefinitionDetail['diff'] }): ReactNode {
  const [whole, setWhole] = useState(false);
  const numbered = lines.map((line, index) => ({ ...line, number: index + 1 }));
  const near = (at: number): boolean =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ op }) => op !== 'same');
  const nearest = numbered.filter((_line, at) => near(at));
  const shown = whole || numbered.length - nearest.length < FOLDED_MIN ? numbered : nearest;
  const folded = numbered.length - shown.length;
  return (
    <>
      <div className={styles['diff']} role="group" aria-label="Differences">
        {shown.map((line, index) => (
          <DiffLine key={line.number} line={line} gap={index > 0 && shown[index - 1]?.number !== line.number - 1} />
        ))}
      </div>
      {folded > 0 && (
        <div className={styles['more']}>
          <Button look="quiet" onClick={() => setWhole(true)}>
            Show {folded} unchanged lines
          </Button>
        </div>
      )}
    </>
  );
}

function DiffLine({ line, gap }: { readonly line: Line; readonly gap: boolean }): ReactNode {
  return (
    <div className={styles['line']} data-op={line.op} data-gap={gap || undefined}>
      <span aria-hidden className={styles['sign']}>
        {SIGN[line.op]}
      </span>
      <span className={styles['text']}>
        <span className="visually-hidden">{WORD[line.op]}</span>
        <VisibleText text={line.text} />
      </span>
    </div>
  );
}
