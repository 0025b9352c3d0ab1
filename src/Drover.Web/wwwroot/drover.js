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
