/* The library that draws the charts is some 4.6 MB: it is loaded when the first chart is shown, so that the page
   itself is there sooner. */
(() => {
  function load(address) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = () => {
        // the library registers its one component with whatever takes the place of the application
        window.trame_plotly.install({ component: (_name, component) => done(component) });
      };
      script.onerror = () => failed(new Error("The charts could not be loaded: is the server still there?"));
      document.head.append(script);
    });
  }

  window.contourqa_charts = {
    install(app, { address, component }) {
      let library = null;
      const once = () =>
        (library ??= load(address).catch((error) => {
          library = null; // the next chart asks again
          throw error;
        }));
      app.component(component, window.Vue.defineAsyncComponent(once));
    },
  };
})();
