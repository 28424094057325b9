/** Light, dark, or as the system is. */
import { useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const STORED = 'sallyport-theme';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

function currentTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset['theme'];
  else dataset['theme'] = theme;
  try {
    if (theme === 'system') localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, theme);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
  // Charts are drawn with colours that they read once.
  dispatchEvent(new Event('sallyport-theme'));
}

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(currentTheme);
  return [
    theme,
    (next) => {
      applyTheme(next);
      setTheme(next);
    },
  ];
}
