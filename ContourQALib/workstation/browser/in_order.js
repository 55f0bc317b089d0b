/* What was typed reaches the server before the click that follows it. trame's page keeps changed values back while
   any answer is awaited, but sends triggers at once: on a slow line a decision would overtake its note. */
(() => {
  const page = window.trame;
  const trigger = page.trigger;

  function sendChanged() {
    const state = page.state;
    const keys = [...state.dirtyKeys].filter((key) => !holdsFile(state.state[key]));
    if (!keys.length || !page.client.isConnected()) return;
    keys.forEach((key) => state.dirtyKeys.delete(key));
    const changes = keys.map((key) => ({ key, value: state.state[key] }));
    page.client
      .getRemote()
      .Trame.updateState(changes)
      .catch(() => keys.forEach((key) => state.dirtyKeys.add(key)));
  }

  /* Files are read before they are sent, which is left to trame. */
  function holdsFile(value) {
    return value instanceof Blob || (Array.isArray(value) && value.some((one) => one instanceof Blob));
  }

  page.trigger = (...called) => {
    sendChanged();
    return trigger(...called);
  };
})();
