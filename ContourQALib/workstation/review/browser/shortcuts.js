/* Keys of the review page. What each does is decided by the server's table, state variable review_keys. A decision says
   which contour the reader saw: the server may have gone on to another one. */
(() => {
  /* Where any key means something else, and where the arrows alone do. */
  const TEXT =
    "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, " +
    "[contenteditable=true], [role=listbox], [role=combobox]";
  const ARROWS = "input[type=range], input[type=radio], [role=slider], [role=tab]";

  function isBusy(event) {
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest(TEXT)) return true;
    if (event.key.startsWith("Arrow") && target.closest(ARROWS)) return true;
    return document.querySelector(".v-overlay--active:not(.v-tooltip)") !== null;
  }

  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const state = window.trame?.state?.state;
    if (!state || state.shell_page !== "review" || !state.shell_case) return;
    const known = Object.hasOwn(state.review_keys ?? {}, event.key) ? state.review_keys[event.key] : null;
    if (!known || isBusy(event)) return;
    /* The views have keys of their own: r would also reset their zoom, an arrow change the slice. */
    event.stopImmediatePropagation();
    event.preventDefault();
    if (event.type === "keydown" && (known.repeats || !event.repeat)) {
      if (!known.decides) window.trame.trigger("review_key", [known.action]);
      else window.trame.trigger("review_decide", [known.action, state.shell_case, state.shell_structure]);
    }
  }

  for (const type of ["keydown", "keypress", "keyup"]) {
    window.addEventListener(type, onKey, { capture: true });
  }
})();
