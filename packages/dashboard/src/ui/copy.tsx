/** An identifier that can be copied. The icon keeps its place, so that nothing moves when the pointer comes. */
import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useAnnounce } from './announce.tsx';
import { VisibleText } from './visible-text.tsx';
import styles from './copy.module.css';

const DONE_SHOWN_MS = 1_500;

/** The beginning and the end of a long identifier. */
export function shortened(value: string, lengthMax: number): string {
  const characters = [...value];
  if (characters.length <= lengthMax) return value;
  const tail = Math.floor((lengthMax - 1) / 3);
  return `${characters.slice(0, lengthMax - 1 - tail).join('')}…${characters.slice(-tail).join('')}`;
}

export interface CopyableProps {
  readonly value: string;
  /** What it is, for screen readers: "Copy the request id". */
  readonly what: string;
  readonly lengthMax?: number;
}

export function Copyable({ value, what, lengthMax = 48 }: CopyableProps): ReactNode {
  const announce = useAnnounce();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), DONE_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = (): void => {
    void navigator.clipboard.writeText(value).then(
      () => {
        setDone(true);
        announce(`Copied the ${what}`);
      },
      () => announce('The browser did not allow copying.'),
    );
  };
  return (
    <button type="button" className={styles['copy']} onClick={copy} title={`Copy the ${what}`}>
      <span className={styles['value']}>
        <VisibleText text={shortened(value, lengthMax)} />
      </span>
      <span className="visually-hidden">. Copy the {what}</span>
      {done ? <Check aria-hidden className={styles['done']} /> : <Copy aria-hidden />}
    </button>
  );
}
