/** Short messages for everybody: a note at the edge of the screen that is also read out by screen readers. */
import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';
import styles from './announce.module.css';

const NOTE_SHOWN_MS = 4_000;
const Announce = createContext<(text: string) => void>(() => undefined);

/** Says something once, without taking the focus. */
export const useAnnounce = (): ((text: string) => void) => useContext(Announce);

export function Announcer({ children }: { readonly children: ReactNode }): ReactNode {
  const [note, setNote] = useState({ text: '', count: 0 });
  const announce = useCallback((text: string) => setNote(({ count }) => ({ text, count: count + 1 })), []);
  useEffect(() => {
    if (note.text === '') return;
    const timer = setTimeout(() => setNote(({ count }) => ({ text: '', count })), NOTE_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [note]);
  return (
    <Announce value={announce}>
      {children}
      <div role="status" className={styles['region']}>
        {note.text !== '' && (
          <p key={note.count} className={styles['note']}>
            {note.text}
          </p>
        )}
      </div>
    </Announce>
  );
}
