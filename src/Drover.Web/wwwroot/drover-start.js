// Starts the circuit. A lost one is taken up again for as long as the page is open; one that the server no longer knows is begun anew.
(() => {
  const notice = document.getElementById('components-reconnect-modal');
  notice?.addEventListener('components-reconnect-state-changed', event => {
    if (event.detail.state === 'rejected' || event.detail.state === 'failed') location.reload();
  });
  Blazor.start({
    circuit: {
      reconnectionOptions: { maxRetries: 1000000, retryIntervalMilliseconds: attempts => Math.min(300 * 2 ** Math.min(attempts, 5), 5000) },
    },
  });
})();
