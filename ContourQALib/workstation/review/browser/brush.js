/* Shift and the wheel change the size of the brush. Browsers turn that wheel sideways, and the views, which know
   one wheel alone, would never hear of it. */
(() => {
  function onWheel(event) {
    if (!event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    const state = window.trame?.state?.state;
    if (!state?.review_brush_on || state.shell_page !== "review") return;
    if (!(event.target instanceof Element) || !event.target.closest(".cqa-views")) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    const turned = event.deltaY || event.deltaX;
    if (turned) window.trame.trigger("review_brush", [turned < 0 ? 1 : -1]);
  }

  window.addEventListener("wheel", onWheel, { capture: true, passive: false });
})();
