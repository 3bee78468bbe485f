// A bar chart in SVG.

const SVG = "http://www.w3.org/2000/svg";
const BAR_WIDTH = 6;
const HEIGHT = 60;

/**
 * @param {number[]} values at least one
 * @param {number} count the number of bars that fit
 * @param {string} label for screen readers
 */
export function barChart(values, count, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${count * BAR_WIDTH} ${HEIGHT}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const largest = Math.max(...values, 1);
  svg.append(...values.map((value, i) => bar(i, value / largest)));
  return svg;
}

/**
 * @param {number} i
 * @param {number} share of the full height
 */
function bar(i, share) {
  const rect = document.createElementNS(SVG, "rect");
  const height = Math.max(1, share * HEIGHT); // so that 0 does not look like a gap
  for (const [name, value] of Object.entries({ x: i * BAR_WIDTH, y: HEIGHT - height, width: BAR_WIDTH - 1, height })) {
    rect.setAttribute(name, String(value));
  }
  return rect;
}
