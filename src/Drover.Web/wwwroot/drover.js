// What the components ask of the browser.
export const theme = choice => window.drover.theme(choice);
export const remember = environment => window.drover.remember(environment);
export const address = url => history.replaceState(history.state, '', url);

// A dialog's content is drawn after the dialog, and its focus trap then takes the focus: waits for the element, and insists for a moment.
export function focus(selector) {
  const until = performance.now() + 600;
  const insist = () => {
    const element = document.querySelector(selector);
    const elsewhere = document.activeElement !== element && document.activeElement?.matches('input,textarea,button') && document.activeElement.closest('.mud-dialog');
    if (element && element !== document.activeElement && !elsewhere) element.focus();
    if (performance.now() < until && !elsewhere) setTimeout(insist, 60);
  };
  document.activeElement?.blur();
  insist();
}

export function watchTheme(component) {
  window.drover.onTheme(dark => component.invokeMethodAsync('SystemThemeChanged', dark).catch(() => { }));
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https there is no clipboard: the old way, from an element that is there for a moment.
    const area = Object.assign(document.createElement('textarea'), { value: text });
    area.style.cssText = 'position:fixed;opacity:0';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

// Calls back when the end of a list comes near the screen.
export function watchEnd(element, component) {
  new IntersectionObserver(entries => {
    if (entries.some(e => e.isIntersecting)) component.invokeMethodAsync('EndReached').catch(() => { });
  }, { rootMargin: '600px' }).observe(element);
}

// Keeps a log at its end while it is followed; scrolling up by hand ends that, scrolling to the end starts it again.
export function follow(element, component) {
  let following = true;
  const atEnd = () => element.scrollHeight - element.scrollTop - element.clientHeight < 24;
  const toEnd = () => { element.scrollTop = element.scrollHeight; };
  const tell = value => {
    if (following !== value) {
      following = value;
      component.invokeMethodAsync('FollowChanged', value).catch(() => { });
    }
  };
  const growth = new MutationObserver(() => { if (following) toEnd(); });
  growth.observe(element, { childList: true, subtree: true, characterData: true });
  const resize = new ResizeObserver(() => { if (following) toEnd(); });
  resize.observe(element);
  element.addEventListener('wheel', e => { if (e.deltaY < 0 && element.scrollHeight > element.clientHeight) tell(false); }, { passive: true });
  element.addEventListener('scroll', () => { if (atEnd()) tell(true); else if (element.matches(':active,:focus')) tell(false); }, { passive: true });
  toEnd();
  return {
    set(value) { following = value; if (value) toEnd(); },
    dispose() { growth.disconnect(); resize.disconnect(); },
  };
}

// Keys in a table whose rows come and go with the scrolling: arrows, page, home and end move the focus; Enter opens the row's link, Space
// ticks it, m shows its menu. A first arrow from the filter, or from nowhere, enters at the first row on the screen.
export function grid(element) {
  const rowsOf = () => [...element.querySelectorAll('[role=row][tabindex]')];
  const head = element.querySelector('.chead');
  const top = () => (head?.getBoundingClientRect().bottom ?? 0);
  const into = row => {
    if (!row) return;
    row.focus({ preventScroll: true });
    const { top: t, bottom: b } = row.getBoundingClientRect();
    if (t < top()) scrollBy(0, t - top());
    else if (b > innerHeight - 8) scrollBy(0, b - innerHeight + 8);
  };
  const later = pick => requestAnimationFrame(() => setTimeout(() => into(pick(rowsOf())), 120));
  const onScreen = rows => rows.find(r => r.getBoundingClientRect().top >= top() - 1);
  const onKey = event => {
    if (!element.isConnected) { document.removeEventListener('keydown', onKey); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('.mud-dialog-container, :popover-open') || !element.offsetParent) return;
    const focus = document.activeElement;
    const inside = element.contains(focus);
    const from = !inside && (focus === document.body || focus?.matches('h1, main, [data-key="/"]'));
    const row = inside ? focus.closest('[role=row][tabindex]') : null;
    const rows = rowsOf();
    const at = rows.indexOf(row);
    switch (event.key) {
      case 'ArrowDown': if (row) into(rows[at + 1]); else if (from || inside) into(onScreen(rows)); else return; break;
      case 'ArrowUp': if (row) into(rows[at - 1]); else return; break;
      case 'PageDown': case 'PageUp':
        if (!row) return;
        scrollBy(0, (event.key === 'PageDown' ? 1 : -1) * (innerHeight - top() - row.offsetHeight));
        later(onScreen);
        break;
      case 'Home': if (!row) return; scrollTo(0, 0); later(r => r[0]); break;
      case 'End': if (!row) return; scrollTo(0, document.documentElement.scrollHeight); later(r => r.at(-1)); break;
      case 'Enter': if (focus !== row || !row) return; (row.querySelector('a') ?? row.querySelector('button'))?.click(); break;
      case ' ': if (focus !== row || !row) return; row.querySelector('input[type=checkbox], button')?.click(); break;
      case 'm': case 'ContextMenu': if (focus !== row || !row) return; row.querySelector('[aria-haspopup=menu]')?.click(); break;
      default: return;
    }
    event.preventDefault();
  };
  document.addEventListener('keydown', onKey);
}

// Shows a menu beside the button of the row that asked for it; the browser closes it at Esc and at a click elsewhere.
export function menu(id, row) {
  const popover = document.getElementById(id);
  const button = document.querySelector(`[data-id="${CSS.escape(row)}"] [aria-haspopup=menu]`);
  if (!popover || !button) return;
  popover.showPopover();
  const at = button.getBoundingClientRect();
  const own = popover.getBoundingClientRect();
  popover.style.left = `${Math.max(8, at.right - own.width)}px`;
  popover.style.top = `${at.bottom + own.height + 8 > innerHeight ? at.top - own.height : at.bottom}px`;
  const items = [...popover.querySelectorAll('[role=menuitem]')];
  items[0]?.focus();
  popover.onkeydown = event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
  };
  const close = () => popover.hidePopover();
  addEventListener('scroll', close, { once: true });
  popover.ontoggle = event => {
    if (event.newState !== 'closed') return;
    removeEventListener('scroll', close);
    if (!document.activeElement || document.activeElement === document.body || popover.contains(document.activeElement)) button.closest('[role=row]')?.focus({ preventScroll: true });
  };
}
