// Reloads the page at the next change; `build.sh watch` puts it into the page.

fetch("/changed").then(
  () => location.reload(),
  () => console.info("build.sh watch has stopped: this page no longer reloads by itself."),
);
