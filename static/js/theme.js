// Applies the saved light or dark choice before the first paint. Without one the style sheet follows the system.
(() => {
  try {
    const theme = localStorage.getItem('theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.bsTheme = theme;
  } catch {
    // Storage is blocked: follow the system.
  }
})();
