// Before the first paint, so that a dark page is never white for a moment.
try {
  const theme = localStorage.getItem('sallyport-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the theme then follows the system.
}
