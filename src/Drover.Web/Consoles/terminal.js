// What every terminal of the pages has.
import { Terminal } from '@xterm/xterm';
import { FitAddon } from '@xterm/addon-fit';

// Tells the component when the console is there and when, and why, it ended. Once ended, nothing more is told.
export function watch(component) {
  let over = false;
  const tell = (method, ...words) => component.invokeMethodAsync(method, ...words).catch(() => { });
  return {
    opened: () => { if (!over) tell('Opened'); },
    ended: reason => { if (!over) { over = true; tell('Ended', reason); } },
    silence: () => { over = true; },
  };
}

export function terminalIn(element) {
  const style = getComputedStyle(element);
  const terminal = new Terminal({ fontSize: 13, fontFamily: style.fontFamily, scrollback: 5000, theme: { background: style.backgroundColor, foreground: style.color, cursor: style.color, selectionBackground: style.color, selectionForeground: style.backgroundColor } });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(element);
  // Ctrl-C copies what is selected, else it goes to the program. Ctrl-Shift-C would open the browser's own tools.
  terminal.attachCustomKeyEventHandler(event => {
    const copies = event.type === 'keydown' && event.ctrlKey && !event.altKey && event.key.toLowerCase() === 'c' && (event.shiftKey || terminal.hasSelection());
    if (!copies) return !(event.ctrlKey && !event.altKey && event.key.toLowerCase() === 'v');
    event.preventDefault();
    if (terminal.hasSelection()) {
      navigator.clipboard?.writeText(terminal.getSelection()).catch(() => { });
      terminal.clearSelection();
    }
    return false;
  });
  const resize = new ResizeObserver(() => fit.fit());
  resize.observe(element);
  fit.fit();
  return { terminal, dispose() { resize.disconnect(); terminal.dispose(); } };
}

export function full(element) {
  if (document.fullscreenElement) document.exitFullscreen();
  else element.requestFullscreen?.().catch(() => { });
}
