/** Text of callers, servers and people: always text nodes, with what would deceive a reader made visible. */
import type { ReactNode } from 'react';
import { visibleParts } from '../text/visible.ts';
import styles from './visible-text.module.css';

/** `block`: line breaks are shown as such. */
export function VisibleText({ text, block = false }: { readonly text: string; readonly block?: boolean }): ReactNode {
  const parts = visibleParts(text, block ? 'keep' : 'name');
  return (
    <bdi className={block ? styles['block'] : styles['inline']}>
      {parts.map((part, index) =>
        part.kind === 'text' ? (
          <bdi key={index}>{part.text}</bdi>
        ) : (
          <span key={index} className={styles['mark']} title={part.name} data-mark>
            <span className="visually-hidden"> [{part.name}] </span>
            <span aria-hidden>{part.text}</span>
          </span>
        ),
      )}
    </bdi>
  );
}
