// Runs before the first paint of every page: dark or light, and the keys. The keys press what carries them (data-key), so that a key never
// does anything that a click could not do.
(() => {
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const read = name => document.cookie.split('; ').find(c => c.startsWith(name + '='))?.slice(name.length + 1);
  const write = (name, value) => { document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=strict`; };
  const listeners = new Set();

  function apply() {
    const choice = read('drover-theme') ?? 'system';
    const dark = choice === 'dark' || (choice !== 'light' && system.matches);
    write('drover-scheme', system.matches ? 'dark' : 'light');
    root.dataset.theme = dark ? 'dark' : 'light';
    return dark;
  }

  apply();
  system.addEventListener('change', () => { const dark = apply(); listeners.forEach(f => f(dark)); });
  window.drover = {
    theme(choice) { if (choice) write('drover-theme', choice); return apply(); },
    onTheme(listener) { listeners.add(listener); return () => listeners.delete(listener); },
    remember(environment) { write('drover-environment', environment); },
  };

  // A menu of the bar opens below its button, and closes when something of it is chosen.
  document.addEventListener('beforetoggle', event => {
    const button = event.newState === 'open' && document.querySelector(`[popovertarget="${event.target.id}"]`);
    if (!button || !event.target.matches('.bar-menu')) return;
    const { left, bottom } = button.getBoundingClientRect();
    Object.assign(event.target.style, { left: `${Math.min(left, innerWidth - 180)}px`, top: `${bottom}px` });
  }, true);
  document.addEventListener('click', event => {
    const popover = event.target.closest?.('[popover] a')?.closest('[popover]');
    if (popover?.matches(':popover-open')) popover.hidePopover();
  });

  let prefix = '';
  const visible = e => e.offsetParent !== null && !e.disabled;
  const typing = e => e && (e.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName));
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape' && event.target.matches?.('[data-key="/"]')) {
      event.target.value = '';
      event.target.dispatchEvent(new Event('input', { bubbles: true }));
      event.target.blur();
      return;
    }
    if (event.key === 'Escape' && !event.target.closest('.mud-dialog')) {
      // The focus has left the dialog (a button went off while it worked): Esc closes it all the same.
      document.querySelector('.mud-dialog [data-key="Escape"]')?.click();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('.mud-dialog-container')) return;
    const keys = prefix ? `${prefix} ${event.key}` : event.key;
    prefix = '';
    const target = [...document.querySelectorAll('[data-key]')].find(e => e.dataset.key === keys && visible(e));
    if (target) {
      event.preventDefault();
      typing(target) ? (target.focus(), target.select()) : target.click();
    } else if (event.key === 'g') {
      prefix = 'g';
      setTimeout(() => { prefix = ''; }, 1200);
    }
  });
})();
