/* Keys, sliders and double clicks of the views. The server knows what they do: triggers views_step, views_go and
   views_maximize. */
(() => {
  const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  /* Up and down go through lists elsewhere: they are the views' only where a view has the focus. */
  const OF_LISTS = ["ArrowDown", "ArrowUp"];
  const TAKEN =
    "input, textarea, select, [contenteditable=true], [role=slider], [role=tab], [role=listbox], [role=combobox]";
  const TYPED = "input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable=true]";
  let pointed = "Red";

  function viewOf(target) {
    const cell = target instanceof Element ? target.closest(".layout-grid-item") : null;
    return cell?.querySelector("[data-view]")?.dataset.view ?? null;
  }

  function areShown() {
    const state = window.trame?.state?.state;
    return Boolean(state?.shell_views?.includes(state.shell_page));
  }

  /* Keys go to the view below the mouse, as in Slicer, unless a text is being typed. */
  window.addEventListener("pointerover", (event) => {
    const view = viewOf(event.target);
    if (!view) return;
    pointed = view;
    const active = document.activeElement;
    if (active && active !== document.body && active.closest(TYPED)) return;
    event.target.closest(".layout-grid-item").querySelector("[tabindex]")?.focus({ preventScroll: true });
  });

  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.isComposing) return;
    if (!Object.hasOwn(STEPS, event.key) || !areShown()) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const focused = viewOf(target);
    if (!focused && (OF_LISTS.includes(event.key) || target.closest(TAKEN))) return;
    if (target.closest("input[type=range]")) return;
    if (document.querySelector(".v-overlay--active:not(.v-tooltip)")) return;
    event.preventDefault();
    window.trame.trigger("views_step", [focused ?? pointed, STEPS[event.key]]);
  });

  /* While a drag goes on, one slice is on its way, and after it the latest: on a slow line they would queue. */
  let going = false;
  let wanted = null;

  async function go() {
    going = true;
    try {
      while (wanted) {
        const slice = wanted;
        wanted = null;
        await window.trame.trigger("views_go", slice);
      }
    } finally {
      going = false;
    }
  }

  window.addEventListener("input", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches(".cqa-view-slider")) return;
    wanted = [viewOf(event.target), Number(event.target.value)];
    if (!going) go();
  });

  window.addEventListener("dblclick", (event) => {
    const view = viewOf(event.target);
    if (view && !event.target.closest("input, button")) window.trame.trigger("views_maximize", [view]);
  });
})();
