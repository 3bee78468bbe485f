// The style sheet that the bundle of CodeMirror creates when it is imported; an editor's state needs nothing else of a browser.

Object.assign(globalThis, {
  CSSStyleSheet: class {
    replaceSync() {}
  },
});
