// A style sheet, which the bundle of CodeMirror makes when it is read; an editor's state needs nothing else of a browser.

Object.assign(globalThis, {
  CSSStyleSheet: class {
    replaceSync() {}
  },
});
