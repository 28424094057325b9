import { useState, type ReactNode } from 'react';
import { Dialog } from '../ui/dialog.tsx';
import { shortcutsAreOn, turnShortcuts, useOfferedShortcuts } from './shortcuts.tsx';
import styles from './shortcut-help.module.css';

export function ShortcutHelp({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }): ReactNode {
  const offered = useOfferedShortcuts();
  const [on, setOn] = useState(shortcutsAreOn);
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts" description="What can be pressed on this page.">
      <dl className={styles['list']}>
        {offered.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label className={styles['switch']}>
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            setOn(event.target.checked);
            turnShortcuts(event.target.checked);
          }}
        />
        Single-key shortcuts are on
      </label>
    </Dialog>
  );
}
